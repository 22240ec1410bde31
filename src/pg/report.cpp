#include "pg/report.hpp"

#include <algorithm>

namespace penstock::pg {
namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

std::string phrase(std::string_view sqlstate) {
  if (sqlstate.starts_with("22")) return "a value that cannot be taken";
  if (sqlstate.starts_with("23")) return "refused by a constraint";
  return "refused";
}

// " (table public.t, column c, constraint x)"
std::string names_of(const PGresult* result) {
  std::string names;
  const auto add = [&](std::string_view what, std::string_view name) {
    if (!name.empty()) names.append(names.empty() ? " (" : ", ").append(what).append(" ").append(name);
  };
  const std::string_view schema = field(result, PG_DIAG_SCHEMA_NAME);
  const std::string_view table = field(result, PG_DIAG_TABLE_NAME);
  add("table", schema.empty() || table.empty() ? std::string(table) : std::string(schema).append(".").append(table));
  add("column", field(result, PG_DIAG_COLUMN_NAME));
  add("type", field(result, PG_DIAG_DATATYPE_NAME));
  add("constraint", field(result, PG_DIAG_CONSTRAINT_NAME));
  return names.empty() ? names : names + ")";
}

// Lines, tabs and runs of blanks become one blank.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == '\t' || c == ' ';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

// The lines of a verbose report that say nothing to a user: where in the server's source it came from.
std::string without_location(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!text.starts_with("LOCATION:")) kept.append(text.substr(0, end));
    text.remove_prefix(end);
  }
  return kept;
}

}  // namespace

bool message_is_harmless(std::string_view sqlstate, std::string_view function, std::string_view context) {
  // PL/pgSQL's RAISE: somebody's own words under whatever SQLSTATE they like. Ours name tables and keys, never values.
  if (function == "exec_stmt_raise") {
    const auto caller = context.substr(0, context.find('\n'));
    return sqlstate.starts_with("PN") || caller.find(" penstock.") != std::string_view::npos;
  }
  // A syntax error inside a function quotes the dynamic SQL that the function glued together.
  if (sqlstate == "42601" && !context.empty()) return false;
  // These classes speak of objects, states and settings. All others (a cast's, a constraint's) may quote what stood in
  // the row.
  constexpr std::string_view kHarmless[] = {"08", "0A", "25", "26", "28", "3D", "3F", "40",
                                            "42", "53", "54", "55", "57", "58", "PN"};
  return std::any_of(std::begin(kHarmless), std::end(kHarmless),
                     [&](std::string_view prefix) { return sqlstate.starts_with(prefix); });
}

bool is_error(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

std::string description(const PGresult* report) {
  const std::string_view sqlstate = field(report, PG_DIAG_SQLSTATE);
  const bool harmless =
      message_is_harmless(sqlstate, field(report, PG_DIAG_SOURCE_FUNCTION), field(report, PG_DIAG_CONTEXT));
  std::string text = harmless ? one_line(field(report, PG_DIAG_MESSAGE_PRIMARY)) : phrase(sqlstate);
  return text.append(names_of(report)).append(" [SQLSTATE ").append(sqlstate).append("]");
}

Error server_error(const PGresult* result, const std::string& who) {
  const std::string_view sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) return {ErrorKind::transient, "", "", who + ": " + one_line(PQresultErrorMessage(result))};
  return {classify_sqlstate(sqlstate), std::string(sqlstate), std::string(field(result, PG_DIAG_CONSTRAINT_NAME)),
          who + ": " + description(result)};
}

Error connection_lost(const PGconn* connection, const std::string& who) {
  const std::string text = one_line(PQerrorMessage(connection));
  return {ErrorKind::transient, "", "", who + ": " + (text.empty() ? "the connection broke" : text)};
}

Error not_connected(const PGconn* connection, const std::string& who, int hosts) {
  const std::string text = without_location(PQerrorMessage(connection));
  const std::string_view sqlstate = sqlstate_in(text);
  ErrorKind kind = ErrorKind::transient;
  // An option that libpq itself refuses, before it has tried any host.
  if (text.starts_with("invalid ") || text.starts_with("could not match ")) kind = ErrorKind::usage;
  // With several hosts the last one's refusal says nothing about the others, which may only be down.
  if (hosts == 1 && !sqlstate.empty() && classify_sqlstate(sqlstate) != ErrorKind::transient) kind = ErrorKind::setup;
  std::string what = who + ": " + one_line(text);
  if (text.find("server does not support SSL") != text.npos) {
    what += "; where plain text will do, the connection string says sslmode=disable";
  }
  return {kind, std::string(sqlstate), "", what};
}

std::string_view sqlstate_in(std::string_view text) {
  const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  for (auto at = text.find(":  "); at != std::string_view::npos; at = text.find(":  ", at + 1)) {
    const std::string_view code = text.substr(at + 3, 5);
    if (code.size() == 5 && std::all_of(code.begin(), code.end(), is_code) && text.substr(at + 8, 2) == ": ")
      return code;
  }
  return "";
}

}  // namespace penstock::pg
