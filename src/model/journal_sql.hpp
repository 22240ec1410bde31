#pragma once
#include <string>
#include <string_view>

namespace penstock {

// A statement of sql/source with its placeholder {journal} replaced by the pipeline's change table. A pipeline's name
// is [a-z][a-z0-9_]* (config), so nothing in it needs quoting.
std::string journal_sql(std::string_view statement, std::string_view pipeline);

}  // namespace penstock
