#include "random/values.hpp"

#include <map>

#include <spdlog/fmt/fmt.h>

#include "e2e/type_edges.hpp"

namespace penstock::test {
namespace {

// The columns of all families that have values and that may be NULL.
const std::map<std::string, std::vector<std::string>>& edges() {
  static const auto all = [] {
    std::map<std::string, std::vector<std::string>> found;
    for (const auto& [name, family] : families()) {
      for (const Column& column : family) {
        if (!column.values.empty() && column.type != "object") found.emplace(column.type, column.values);
      }
    }
    return found;
  }();
  return all;
}

std::string literal(const std::string& text, const std::string& type) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'::" + type;
}

std::string odd_text(Random& random, long n) {
  const std::string text = random.pick<std::string>(
      {"abc", "it''s", "a\\b", "\"q\"", "é€😀", "", " 9 ", "tab\there", "line\nline", "\\N", "\x01\x7f", "null"});
  return fmt::format("'{} {}'", text, n);
}

using Maker = std::string (*)(Random&, long);

// One expression each; n is between 1 and 30.
const std::map<std::string, Maker>& key_makers() {
  static const std::map<std::string, Maker> makers{
      {"int", [](Random&, long n) { return std::to_string(n); }},
      {"bigint", [](Random&, long n) { return std::to_string(n); }},
      {"text", [](Random& r, long n) { return fmt::format("'{}{}'", r.chance(0.2) ? "é \"\\" : "k", n); }},
      {"uuid", [](Random&, long n) { return fmt::format("md5('{}')::uuid", n); }},
      {"date", [](Random&, long n) { return fmt::format("date '2020-01-01' + {}", n); }},
      {"numeric",
       [](Random& r, long n) {
         return n == 30 ? "'NaN'::numeric" : fmt::format("{}{}", n, r.pick<std::string>({"", ".0", ".00", ".5"}));
       }},
      {"timestamptz",
       [](Random&, long n) {
         return n == 30 ? "'infinity'::timestamptz"
                        : fmt::format("(timestamptz '2020-01-01 00:00:00+00' + {} * interval '1 hour')", n);
       }},
      {"citext", [](Random& r, long n) { return fmt::format("'{}{}'::citext", r.chance(0.5) ? "k" : "K", n); }},
      {"mood", [](Random&, long n) { return literal(edges().at("mood")[static_cast<std::size_t>(n) % 4], "mood"); }},
      {"bytea", [](Random&, long n) { return fmt::format("decode('00{:02x}', 'hex')", n); }},
      {"inet", [](Random& r, long n) { return fmt::format("'10.0.0.{}{}'::inet", n, r.chance(0.5) ? "" : "/24"); }},
      {"int4range", [](Random&, long n) { return fmt::format("int4range({}, {})", n % 10, n / 3 + n % 10); }},
      {"int[]",
       [](Random& r, long n) {
         return fmt::format("'{}'::int[]",
                            r.chance(0.7) ? fmt::format("{{{},NULL}}", n) : fmt::format("[2:2]={{{}}}", n));
       }},
      {"jsonb",
       [](Random& r, long n) {
         return n == 30 ? "'null'::jsonb"
                        : fmt::format(R"('{{"a": {}{}}}'::jsonb)", n, r.pick<std::string>({"", ".0", ".00"}));
       }},
      {"float8",
       [](Random& r, long n) {
         return n > 25 ? literal(r.chance(0.5) ? "-0" : "0", "float8") : fmt::format("({}::float8 / 7)", n);
       }},
      {"interval",
       [](Random& r, long n) {
         return r.chance(0.5) ? fmt::format("'{} days'::interval", n) : fmt::format("'{} hours'::interval", n * 24);
       }},
      {"char(5)", [](Random&, long n) { return fmt::format("'k{}'::char(5)", n); }},
      {"pair", [](Random&, long n) { return fmt::format("row({}, 'x \"')::pair", n); }},
  };
  return makers;
}

const std::map<std::string, Maker>& value_makers() {
  static const std::map<std::string, Maker> makers{
      {"int", [](Random&, long n) { return std::to_string(n); }},
      {"bigint", [](Random&, long n) { return std::to_string(n); }},
      {"numeric(12,3)", [](Random& r, long n) { return fmt::format("{}.{}", n, r.below(1000)); }},
      {"numeric", [](Random& r, long n) { return fmt::format("{}.{}", n, r.below(1000)); }},
      {"boolean", [](Random&, long n) { return std::string(n % 2 == 0 ? "true" : "false"); }},
      {"date", [](Random&, long n) { return fmt::format("date '2000-01-01' + ({})", n); }},
      {"timestamp",
       [](Random&, long n) { return fmt::format("timestamp '2000-01-01 12:00:00.5' + interval '{} s'", n); }},
      {"uuid", [](Random&, long n) { return fmt::format("md5('{}')::uuid", n); }},
      {"timestamptz",
       [](Random&, long n) {
         return fmt::format("timestamptz '2000-01-01 00:00:00+00' + interval '{} minutes 0.{} s'", n, n * n);
       }},
      {"float8", [](Random&, long n) { return fmt::format("{}::float8 / 7", n); }},
      {"interval", [](Random&, long n) { return fmt::format("interval '{} hours {} days'", n, n / 3); }},
      {"bytea", [](Random&, long n) { return fmt::format("decode(md5('{}'), 'hex')", n); }},
      {"int[]", [](Random&, long n) { return fmt::format("array[{}, null, {}]", n, n * 2); }},
      {"jsonb", [](Random&, long n) { return fmt::format(R"('{{"a": [{}, "x\"y"], "b": null}}'::jsonb)", n); }},
      {"text", odd_text},
      {"varchar(40)", odd_text},
  };
  return makers;
}

}  // namespace

const std::vector<std::string>& plain_types() {
  static const std::vector<std::string> types{"int",     "bigint", "numeric(12,3)", "text",    "varchar(40)",
                                              "boolean", "date",   "uuid",          "jsonb",   "timestamptz",
                                              "bytea",   "float8", "int[]",         "interval"};
  return types;
}

const std::vector<std::string>& key_types() {
  static const auto types = [] {
    std::vector<std::string> names;
    for (const auto& [name, maker] : key_makers()) names.push_back(name);
    return names;
  }();
  return types;
}

std::string random_edge_type(Random& random) {
  return std::next(edges().begin(), static_cast<std::ptrdiff_t>(random.below(edges().size())))->first;
}

std::string random_key(Random& random, const std::string& type) {
  return key_makers().at(type)(random, random.between(1, 30));
}

std::string random_value(Random& random, const std::string& type) {
  if (random.chance(0.1)) return "null";
  const auto edge = edges().find(type);
  const auto maker = value_makers().find(type);
  if (maker == value_makers().end() || (edge != edges().end() && random.chance(0.1))) {
    const std::string& text = random.pick(edge->second);
    return text == "NULL" ? "null" : literal(text, type);
  }
  return maker->second(random, random.between(-1000, 1000));
}

}  // namespace penstock::test
