#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace penstock {

// penstock.toml, read and checked. What it means stands in the README; a wrong one throws ConfigError.
struct Config {
  enum class Consistency { batch, key };
  enum class Snapshot { initial, never };

  // Where something stands in the file, for messages that come later (a table that is not there).
  struct Place {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;
  };

  struct Pipeline {
    std::string name;
    Consistency consistency = Consistency::batch;
    Snapshot snapshot = Snapshot::initial;
    std::chrono::seconds retain{0};  // how long consumed changes stay in the journal
  };

  struct Database {
    std::string dsn;  // secret: never in a log line or an error
    Place place;
  };

  struct Kafka {
    std::string bootstrap_servers;
    std::string topic_prefix;
    int partitions = 1;
    std::map<std::string, std::string> producer;  // any librdkafka property, as it is
    std::map<std::string, std::string> consumer;
  };

  // Names as written; the server makes them canonical (ops/resolve).
  struct Table {
    std::string source;
    std::string target;
    bool pattern = false;          // source holds *: ops/resolve makes a table of each that matches
    std::vector<std::string> key;  // empty: the primary key
    std::string on_drift;          // "wait", "ignore" or "reject"
    std::string triggers;          // "on" or "off": whether B's own triggers fire
    Place place;
  };

  struct Rule {
    std::string table;  // as written; matches one Table::source
    std::string name;
    std::string check;  // a SQL predicate that B evaluates; NULL passes
    Place place;
  };

  Pipeline pipeline;
  Database source;
  Database target;
  Kafka kafka;
  std::vector<Table> tables;
  std::vector<Rule> rules;

  // Reads, expands ${NAME}, checks. Throws ConfigError.
  static Config load(const std::string& file);
  // The same of a file's text; `file` is its name in messages.
  static Config parse(const std::string& text, const std::string& file);
};

// "penstock.toml:12:3: unknown key "topik_prefix"; did you mean "topic_prefix"?"
class ConfigError : public Failure {
 public:
  ConfigError(const Config::Place& place, const std::string& problem);
};

}  // namespace penstock
