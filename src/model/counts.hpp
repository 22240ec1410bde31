#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

// A JSON object of numbers, {"public.employee_a": 12}, as the slot keeps what was captured. Throws Failure(bug) where
// it is anything else: it is text that we wrote.
std::vector<std::pair<std::string, std::int64_t>> read_counts(std::string_view json);

}  // namespace penstock
