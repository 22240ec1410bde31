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

// Names of tables with * for any characters, outside of quotes: sales.*, "Odd Schema".order_*, *.audit.
class SqlPattern {
 public:
  // nullopt likewise.
  static std::optional<SqlPattern> parse(std::string_view text);

  // A pattern without * is one name.
  bool is_name() const;
  bool matches(const SqlName& name) const;
  // The target of a table that the source's pattern matched: each * that is a whole part stands for the source's part.
  // nullopt: another * is in it, which would stand for nothing in particular.
  std::optional<SqlName> filled(const SqlName& source) const;

 private:
  SqlName with_stars_;  // kAny for each *
};

// One identifier, a column's: emp_id, "Odd Name". Likewise.
std::optional<std::string> parse_sql_identifier(std::string_view text);

}  // namespace penstock
