#pragma once
#include <string_view>

namespace penstock::fuzz {

// What reads bytes that somebody else wrote, and what must hold whatever they are. Aborts where it does not; the
// fuzzers (envelope_fuzz.cpp, config_fuzz.cpp) try to make it, and the unit tests replay what they once found.
void read_envelope(std::string_view bytes);
void read_config(std::string_view bytes);

}  // namespace penstock::fuzz
