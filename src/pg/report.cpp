#include "pg/report.hpp"

#include <string_view>

namespace penstock::pg {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// Messages of these classes name objects and states. All others (a cast's, a constraint's, a user's trigger's) may
// quote what stood in the row.
bool message_is_harmless(std::string_view sqlstate) {
  for (const std::string_view prefix :
       {"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "PN"}) {
    if (sqlstate.starts_with(prefix)) return true;
  }
  return false;
}

std::string phrase(std::string_view sqlstate) {
  if (sqlstate.starts_with("22")) return "a value that cannot be taken";
  if (sqlstate.starts_with("23")) return "refused by a constraint";
  return "refused";
}

// " (table public.t, column c, constraint x)"
std::string names_of(const PGresult* result) {
  std::string names;
  const auto add = [&](const char* what, const std::string& name) {
    if (!name.empty()) names += (names.empty() ? " (" : ", ") + std::string(what) + " " + name;
  };
  const std::string schema = field(result, PG_DIAG_SCHEMA_NAME);
  const std::string table = field(result, PG_DIAG_TABLE_NAME);
  add("table", schema.empty() || table.empty() ? table : schema + "." + table);
  add("column", field(result, PG_DIAG_COLUMN_NAME));
  add("type", field(result, PG_DIAG_DATATYPE_NAME));
  add("constraint", field(result, PG_DIAG_CONSTRAINT_NAME));
  return names.empty() ? names : names + ")";
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

}  // namespace

bool is_error(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

Error server_error(const PGresult* result, const std::string& who) {
  const std::string sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) {  // made by libpq itself: the connection broke
    return Error(ErrorKind::transient, "", "", who + ": " + one_line(PQresultErrorMessage(result)));
  }
  std::string text = message_is_harmless(sqlstate) ? field(result, PG_DIAG_MESSAGE_PRIMARY) : phrase(sqlstate);
  return Error(classify_sqlstate(sqlstate), sqlstate, field(result, PG_DIAG_CONSTRAINT_NAME),
               who + ": " + text + names_of(result) + " [SQLSTATE " + sqlstate + "]");
}

Error connection_lost(const PGconn* connection, const std::string& who) {
  const std::string text = one_line(PQerrorMessage(connection));
  return Error(ErrorKind::transient, "", "", who + ": " + (text.empty() ? "the connection broke" : text));
}

}  // namespace penstock::pg
