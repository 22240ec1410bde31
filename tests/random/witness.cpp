#include "random/witness.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <spdlog/fmt/fmt.h>

namespace penstock::test {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kShown = 5;  // differences of a table

void compare(const std::string& what, Lines a, Lines b, Lines& found) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto show = [&](const Lines& here, const Lines& there, const char* side) {
    Lines only;
    std::set_difference(here.begin(), here.end(), there.begin(), there.end(), std::back_inserter(only));
    for (std::size_t i = 0; i < only.size() && i < kShown; ++i) {
      found.push_back(fmt::format("{}: {} of {} rows only on {}: {}", what, i + 1, only.size(), side, only[i]));
    }
  };
  show(a, b, "A");
  show(b, a, "B");
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string rejects_of(Line& line, const RandomTable& table) {
  return line.admin_b().value(
      "select coalesce(json_agg(key::json), '[]')::text from penstock.dead_letter where state = 'open' and "
      "relation = " +
      quoted("public." + table.name));
}

// A query for the rows whose key is none of the rejects'. JSON of a key is its text, where the column is json itself.
std::string rows_but_for(const std::string& rejects, const RandomTable& table, const std::string& from) {
  std::string columns, match;
  for (std::size_t i = 0; i < table.key_size; ++i) {
    const auto& key = table.columns[i];
    const bool json = key.type == "jsonb";
    columns += (i > 0 ? ", " : "") + key.name + " " + (json ? "text" : key.type);
    match += fmt::format("{0}r.{1}{2} = t.{1}", i > 0 ? " and " : "", key.name, json ? "::jsonb" : "");
  }
  return fmt::format(
      "select row({})::text from {} as t where not exists (select from json_to_recordset({}::json) as r ({}) where {})",
      table.all_names(), from, quoted(rejects), columns, match);
}

Lines read(Database database, const std::string& sql) {
  Lines lines;
  for (auto& row : database.rows(sql)) lines.push_back(std::move(row[0]));
  return lines;
}

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (auto at = text.find(by); at != std::string::npos; at = text.find(by, from)) {
    parts.push_back(text.substr(from, at - from));
    from = at + by.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

// A dump's rows by table, each as its columns "name=value" in the order of the names.
std::map<std::string, Lines> parse_dump(const std::string& dump, const RandomSchema& schema) {
  std::map<std::string, std::set<std::string>> known;
  for (const auto& table : schema.tables) {
    for (const auto& column : table.columns) known["public." + table.name].insert(column.name);
    if (table.generates) known["public." + table.name].insert("generated");
  }
  std::map<std::string, Lines> tables;
  std::istringstream in(dump);
  std::string table, text;
  std::vector<std::string> names;
  while (std::getline(in, text)) {
    const auto open = text.find(" (");
    if (table.empty() && text.starts_with("COPY ") && text.ends_with(") FROM stdin;")) {
      table = text.substr(5, open - 5);
      names = split(text.substr(open + 2, text.rfind(')') - open - 2), ", ");
    } else if (text == "\\.") {
      table.clear();
    } else if (!table.empty()) {
      const auto values = split(text, "\t");
      std::set<std::string> row;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (known[table].contains(names[i])) row.insert(names[i] + "=" + values[i]);
      }
      std::string line;
      for (const auto& value : row) line += value + "\t";
      tables[table].push_back(line);
    }
  }
  return tables;
}

std::map<std::string, Lines> dump(Line& line, const std::string& side, const std::string& dsn,
                                  const RandomSchema& schema) {
  const char* folder = std::getenv("PENSTOCK_PG_BIN");
  const std::string program = std::string(folder == nullptr ? "/usr/lib/postgresql/15/bin" : folder) + "/pg_dump";
  const std::string out = line.toml() + "." + side;
  Process process({program, "--data-only", "--load-via-partition-root", "--schema=public", "--dbname=" + dsn}, out,
                  out + ".log");
  if (process.wait(std::chrono::seconds(60)) != 0)
    throw std::runtime_error("pg_dump failed: " + read_file(out + ".log"));
  return parse_dump(read_file(out), schema);
}

}  // namespace

std::vector<std::string> differing_rows(Line& line, const RandomSchema& schema) {
  Lines found;
  for (const auto& table : schema.tables) {
    const std::string rejects = rejects_of(line, table);
    compare(table.name, read(line.a(), rows_but_for(rejects, table, table.own())),
            read(line.b(), rows_but_for(rejects, table, table.name)), found);
  }
  return found;
}

std::vector<std::string> differing_dumps(Line& line, const RandomSchema& schema) {
  Lines found;
  auto a = dump(line, "a", line.admin_dsn_a(), schema);
  auto b = dump(line, "b", line.admin_dsn_b(), schema);
  for (const auto& table : schema.tables) {
    if (rejects_of(line, table) != "[]") continue;
    const std::string name = "public." + table.name;
    compare("dump of " + name, a[name], b[name], found);
  }
  return found;
}

}  // namespace penstock::test
