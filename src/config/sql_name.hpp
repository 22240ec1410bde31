#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// A name as SQL writes it: public.employee_a, "Odd Name"."K e y".
struct SqlName {
  std::string schema;  // unfolded and unquoted, as in the catalog
  std::string table;
};

// nullopt where it is not two identifiers with a dot between them. Folds unquoted ones to lower case, as the server
// does.
std::optional<SqlName> parse_sql_name(std::string_view text);

// One identifier, a column's: emp_id, "Odd Name". Likewise.
std::optional<std::string> parse_sql_identifier(std::string_view text);

}  // namespace penstock
