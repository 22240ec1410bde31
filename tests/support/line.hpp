#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/process.hpp"

namespace penstock::test {

// Where the servers are. The default: those that tests/run started for all tests.
struct Servers {
  std::string a, b, kafka;  // superuser URIs to the database postgres; host:port
  // Where the program is sent instead, host:port of a proxy; empty: to the server itself.
  std::string proxy_a = "", proxy_b = "", proxy_kafka = "";
  static Servers shared();
};

std::string host_of(const std::string& uri);  // host:port
std::string with_host(const std::string& uri, const std::string& host);

struct Finished {
  int code = 0;
  std::string out, err;
};

// The first users' table with the three sample rules, as TOML.
std::string employees_toml(bool declares_key = true);

// A whole line of a test's own: a pair of fresh databases, a role without superuser or replication rights, topics under
// a prefix of its own, and a penstock.toml. Everything is dropped with it; the program's logs are printed when the test
// failed.
class Line {
 public:
  explicit Line(Servers servers = Servers::shared());
  ~Line();

  // The configuration's tables and rules, as TOML behind [kafka].
  void configure(const std::string& tables, const std::string& head = "");
  // More of them, behind those.
  void add_tables(const std::string& tables);
  // The first users' tables on both sides, with or without a primary key; configured with the three sample rules.
  void create_employees(bool primary_key = false);
  // The same DDL on both sides, as the owner of the tables (who is not the role penstock).
  void on_both(const std::string& sql);

  Database a() const { return Database(owner_a_); }  // sessions of the tables' owner
  Database b() const { return Database(owner_b_); }
  Database admin_a() const { return Database(admin_a_); }  // a superuser's
  Database admin_b() const { return Database(admin_b_); }
  const std::string& dsn_a() const { return owner_a_; }
  const std::string& admin_dsn_a() const { return admin_a_; }  // without a password
  const std::string& admin_dsn_b() const { return admin_b_; }
  std::string topic(const std::string& table) const { return prefix_ + ".public." + table; }
  std::string consumer_group() const { return "penstock-" + prefix_ + ".emp"; }
  std::string dead_letter_topic() const { return prefix_ + ".dlq.emp"; }
  const Servers& servers() const { return servers_; }
  std::string toml() const { return (directory_ / "penstock.toml").string(); }

  // One command to its end; `arguments` behind `penstock --config …`.
  Finished run(const std::vector<std::string>& arguments, std::chrono::seconds within = std::chrono::seconds(60));
  void migrate();  // must succeed
  // The same, and the initial copy: changes from here on are captured once (a row that changes before its slice is read
  // is in the journal and in the slice).
  void migrate_and_copy();
  // The replicator, in the background.
  Process start(const std::string& role = "all", const std::map<std::string, std::string>& environment = {});
  // `run --once` must succeed: B has everything that was committed.
  void once(std::chrono::seconds within = std::chrono::seconds(120));

  // Waits until B has everything, then: the rows of both sides are the same but for keys with open rejects, `verify`
  // agrees, the books balance. The rows are compared here, not by the program.
  void expect_equal(const std::string& table_a = "employee_a", const std::string& table_b = "employee_b",
                    const std::string& key = "emp_id");
  // The same of several tables without rejects, for little more than the price of one. "only t" is a table without
  // those that inherit from it.
  void expect_all_equal(const std::vector<std::string>& tables, const std::string& key = "id");
  // The books of one table out of `status --json`.
  long long book(const std::string& name, const std::string& table = "public.employee_a");
  std::string log() const;  // everything the program wrote to stderr
  // Whether it has written this, or does so in time.
  bool logs(const std::string& text, std::chrono::seconds within = std::chrono::seconds(10)) const;

 private:
  void create_databases();
  void expect_verified();  // `verify` and `status` say yes
  void write_toml(const std::string& tables, const std::string& head) const;

  Servers servers_;
  std::string name_, prefix_;
  std::string owner_a_, owner_b_, admin_a_, admin_b_;
  std::filesystem::path directory_;
  std::string tables_;
};

}  // namespace penstock::test
