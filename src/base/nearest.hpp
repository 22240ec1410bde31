#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// The candidate that is most like `name` (edit distance), for "did you mean"; "" where none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace penstock
