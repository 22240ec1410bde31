#include "config/config.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/log.hpp"
#include "config/reader.hpp"
#include "config/sql_name.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kPartitionsMax = 10'000;
constexpr std::chrono::seconds kLongestRetain = 366 * 24h;

bool is_pipeline_name(const std::string& name) {
  if (name.empty() || name.size() > 31 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_topic_prefix(const std::string& prefix) {
  return !prefix.empty() && prefix.size() <= 100 && std::all_of(prefix.begin(), prefix.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

SqlName checked_name(const std::string& text, const Config::Place& place) {
  const auto name = parse_sql_name(text);
  if (!name) {
    throw ConfigError(place, "\"" + text +
                                 "\" is not a table's name with its schema; write it as in SQL: public.employee_a, "
                                 "quoted where SQL needs it: '\"Odd Name\".\"K e y\"'");
  }
  return *name;
}

SqlPattern checked_pattern(const std::string& text, const Config::Place& place) {
  const auto pattern = SqlPattern::parse(text);
  if (!pattern) checked_name(text, place);  // says how names are written
  return *pattern;
}

// A pattern's tables keep their names, or their schema, or both.
void check_target(const Config::Table& table, const Config::Place& place) {
  if (!table.pattern) {
    checked_name(table.target, place);
    return;
  }
  const SqlPattern target = checked_pattern(table.target, place);
  if (target.is_name()) throw ConfigError(place, "the tables of " + table.source + " cannot all go to " + table.target);
  if (!target.filled({"s", "t"})) {
    throw ConfigError(place, "the target of a pattern has * for a whole name: \"copies.*\"");
  }
}

// "0s", "90m", "24h", "7d". At most a year, which no sum overflows.
std::chrono::seconds checked_duration(const std::string& text, const Config::Place& place) {
  const std::string_view digits = std::string_view(text).substr(0, text.empty() ? 0 : text.size() - 1);
  const bool is_number = !digits.empty() && digits.size() <= 9 &&
                         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::map<char, std::chrono::seconds> units{{'s', 1s}, {'m', 1min}, {'h', 1h}, {'d', 24h}};
  const auto unit = text.empty() ? units.end() : units.find(text.back());
  if (!is_number || unit == units.end()) {
    throw ConfigError(place, "\"retain\" must be a duration: \"0s\", \"24h\"");
  }
  const std::chrono::seconds duration = std::stol(std::string(digits)) * unit->second;
  if (duration > kLongestRetain) throw ConfigError(place, "\"retain\" must be 366d at most");
  return duration;
}

Config::Pipeline read_pipeline(SectionReader section) {
  Config::Pipeline pipeline;
  pipeline.name = section.required_text("name");
  if (!is_pipeline_name(pipeline.name)) {
    throw ConfigError(section.place_of("name"),
                      "a pipeline's name has 1 to 31 of a-z, 0-9 and _, and begins with a letter");
  }
  const std::string consistency = section.text("consistency").value_or("batch");
  if (consistency != "batch" && consistency != "key") {
    throw ConfigError(section.place_of("consistency"), "\"consistency\" must be \"batch\" or \"key\"");
  }
  pipeline.consistency = consistency == "batch" ? Config::Consistency::batch : Config::Consistency::key;
  const std::string snapshot = section.text("snapshot").value_or("initial");
  if (snapshot != "initial" && snapshot != "never") {
    throw ConfigError(section.place_of("snapshot"), "\"snapshot\" must be \"initial\" or \"never\"");
  }
  pipeline.snapshot = snapshot == "initial" ? Config::Snapshot::initial : Config::Snapshot::never;
  if (const auto retain = section.text("retain"))
    pipeline.retain = checked_duration(*retain, section.place_of("retain"));
  section.end();
  return pipeline;
}

Config::Database read_database(SectionReader section) {
  Config::Database database;
  database.dsn = section.required_text("dsn");
  database.place = section.place_of("dsn");
  section.end();
  return database;
}

Config::Kafka read_kafka(SectionReader section, const std::string& file) {
  Config::Kafka kafka;
  kafka.bootstrap_servers = section.required_text("bootstrap_servers");
  kafka.topic_prefix = section.required_text("topic_prefix");
  if (!is_topic_prefix(kafka.topic_prefix)) {
    throw ConfigError(section.place_of("topic_prefix"), "a topic prefix has letters, digits and . _ - (100 at most)");
  }
  const auto partitions = section.number("partitions").value_or(1);
  if (partitions < 1 || partitions > kPartitionsMax) {
    throw ConfigError(section.place_of("partitions"),
                      "\"partitions\" must be from 1 to " + std::to_string(kPartitionsMax));
  }
  kafka.partitions = static_cast<int>(partitions);
  const toml::table* producer = section.section("producer");
  const toml::table* consumer = section.section("consumer");
  if (producer != nullptr) kafka.producer = SectionReader(*producer, file, "[kafka.producer]").all_texts();
  if (consumer != nullptr) kafka.consumer = SectionReader(*consumer, file, "[kafka.consumer]").all_texts();
  section.end();
  return kafka;
}

Config::Table read_table(SectionReader section) {
  Config::Table table;
  table.place = section.place_of("source");
  table.source = section.required_text("source");
  const SqlPattern source = checked_pattern(table.source, table.place);
  table.pattern = !source.is_name();
  if (!table.pattern && parse_sql_name(table.source)->schema == "dlq") {
    throw ConfigError(table.place, "a schema called dlq would share the dead letters' topic names");
  }
  const std::optional<std::string> target = section.text("target");
  table.target = target.value_or(table.pattern ? "*.*" : table.source);
  check_target(table, section.place_of(target ? "target" : "source"));
  for (const auto& text : section.texts("key")) {
    const auto column = parse_sql_identifier(text);
    if (!column) {
      throw ConfigError(section.place_of("key"), "\"" + text +
                                                     "\" is not a column's name; write it as in SQL, quoted where SQL "
                                                     "needs it: '\"Odd Name\"'");
    }
    table.key.push_back(*column);
  }
  auto sorted = table.key;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    throw ConfigError(section.place_of("key"), "\"key\" names a column twice");
  }
  section.only_default("before", "key", {"full"});
  table.on_drift = section.text("on_drift").value_or("wait");
  if (table.on_drift != "wait" && table.on_drift != "ignore" && table.on_drift != "reject") {
    throw ConfigError(section.place_of("on_drift"), "\"on_drift\" must be \"wait\", \"ignore\" or \"reject\"");
  }
  table.triggers = section.text("triggers").value_or("on");
  if (table.triggers != "on" && table.triggers != "off") {
    throw ConfigError(section.place_of("triggers"), "\"triggers\" must be \"on\" or \"off\"");
  }
  section.end();
  return table;
}

Config::Rule read_rule(SectionReader section) {
  Config::Rule rule;
  rule.table = section.required_text("table");
  checked_name(rule.table, section.place_of("table"));
  rule.name = section.required_text("name");
  rule.check = section.required_text("check");
  rule.place = section.place_of("check");
  section.end();
  return rule;
}

// Of patterns: in the same words.
bool same_name(const std::string& a, const std::string& b) {
  const auto x = parse_sql_name(a);
  const auto y = parse_sql_name(b);
  return x && y ? x->schema == y->schema && x->table == y->table : a == b;
}

bool names(const Config::Table& table, const std::string& rule_table) {
  return SqlPattern::parse(table.source)->matches(*parse_sql_name(rule_table));
}

// What only shows when everything is read: tables and rules that clash, rules of no table.
void check_together(const Config& config) {
  for (auto table = config.tables.begin(); table != config.tables.end(); ++table) {
    const bool source_again = std::any_of(config.tables.begin(), table,
                                          [&](const auto& other) { return same_name(other.source, table->source); });
    if (source_again) throw ConfigError(table->place, table->source + " is named by two [[table]]s");
    const bool target_again = std::any_of(config.tables.begin(), table, [&](const auto& other) {
      return !table->pattern && !other.pattern && same_name(other.target, table->target);
    });
    if (target_again) throw ConfigError(table->place, table->target + " is the target of two [[table]]s");
  }
  for (auto rule = config.rules.begin(); rule != config.rules.end(); ++rule) {
    const bool known = std::any_of(config.tables.begin(), config.tables.end(),
                                   [&](const auto& table) { return names(table, rule->table); });
    if (!known)
      throw ConfigError(rule->place,
                        "rule \"" + rule->name + "\" is for " + rule->table + ", which no [[table]] has as its source");
    const bool again = std::any_of(config.rules.begin(), rule, [&](const auto& other) {
      return other.name == rule->name && same_name(other.table, rule->table);
    });
    if (again) throw ConfigError(rule->place, "two rules of " + rule->table + " are called \"" + rule->name + "\"");
  }
}

// Where a later version serves metrics and the dashboard: checked already, so that a file stays right.
void read_http(SectionReader section) {
  const std::string listen = section.required_text("listen");
  const auto colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  const bool is_number = !port.empty() && port.size() <= 5 &&
                         std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (colon == 0 || !is_number || std::stoi(port) > 65'535) {
    throw ConfigError(section.place_of("listen"), "\"listen\" must be an address and a port: \"127.0.0.1:8787\"");
  }
  section.end();
  log::warn("{}:{}: [http] is not served by this version", section.place().file, section.place().line);
}

Config read(const toml::table& parsed, const std::string& file) {
  SectionReader root(parsed, file, "the file");
  Config config;
  config.pipeline = read_pipeline({root.required_section("pipeline"), file, "[pipeline]"});
  config.source = read_database({root.required_section("source"), file, "[source]"});
  config.target = read_database({root.required_section("target"), file, "[target]"});
  config.kafka = read_kafka({root.required_section("kafka"), file, "[kafka]"}, file);
  for (const auto* table : root.sections("table")) config.tables.push_back(read_table({*table, file, "[[table]]"}));
  for (const auto* rule : root.sections("rule")) config.rules.push_back(read_rule({*rule, file, "[[rule]]"}));
  if (const auto* http = root.section("http")) read_http({*http, file, "[http]"});
  root.end();
  if (config.tables.empty()) throw ConfigError(root.place(), "the file has no [[table]]");
  check_together(config);
  return config;
}

}  // namespace

ConfigError::ConfigError(const Config::Place& place, const std::string& problem)
    : Failure(ErrorKind::usage, place.file + ":" + std::to_string(std::max(1U, place.line)) + ":" +
                                    std::to_string(std::max(1U, place.column)) + ": " + problem) {}

Config Config::load(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw Failure(ErrorKind::usage, file + ": cannot be read; name the configuration with --config FILE");
  std::stringstream text;
  text << in.rdbuf();
  return parse(text.str(), file);
}

Config Config::parse(const std::string& text, const std::string& file) {
  try {
    return read(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {
    // The description names what was expected; it quotes at most the token, never the line.
    const auto begin = error.source().begin;
    throw ConfigError({file, begin.line, begin.column}, "not TOML: " + std::string(error.description()));
  }
}

}  // namespace penstock
