#pragma once
#include <string_view>

#include "model/envelope.hpp"

namespace penstock {

// Reads an envelope in the very form in which EnvelopeWriter writes it, without an end mark and with plain names:
// nearly all of them, at three quarters of what reading any JSON costs. False: it is something else, for EnvelopeReader
// to judge, and `out` says nothing. What both accept both read as the same. All views point into `bytes`. Images are
// taken from brace to brace, so that none can end another's row; whether they are JSON inside B's server says.
bool read_as_written(std::string_view bytes, Envelope& out);

}  // namespace penstock
