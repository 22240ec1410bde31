#pragma once
#include <memory>
#include <string>

#include "harness/field.hpp"

namespace penstock::bench {

// By name; throws std::runtime_error for one that is not known or lacks what it needs.
std::unique_ptr<Rival> make_rival(const std::string& name, Place place, const Setup& setup);
bool needs_logical_decoding(const std::string& name);

}  // namespace penstock::bench
