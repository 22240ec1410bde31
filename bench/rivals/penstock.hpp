#pragma once
#include <chrono>
#include <deque>

#include "rivals/rival.hpp"
#include "support/process.hpp"

namespace penstock::bench {

// What penstock.toml says beside the servers, and how often `penstock run` is started.
struct PenstockSettings {
  std::string name = "emp";
  std::string snapshot = "initial";
  std::string pipeline{}, kafka{};  // further lines of these two sections
  std::string tables{};             // the [[table]] and [[rule]] parts; empty: of the tables employee and bystander
  int processes = 1;
};

// [[table]] of a table alone, and with the three rules of one like employee.
std::string table_alone(const std::string& table);
std::string table_with_rules(const std::string& table);

// The program itself, as anybody would run it: `penstock migrate`, `penstock run`, three rules, no setting changed.
class Penstock : public Rival {
 public:
  Penstock(Place place, std::string program, PenstockSettings settings = {})
      : Rival(std::move(place)), program_(std::move(program)), settings_(std::move(settings)) {}

  std::string name() const override { return "penstock"; }
  void start() override;
  void stop() override;
  bool copies_truncate() const override { return true; }
  std::vector<pid_t> processes() const override;

  // start() in two steps: what is done once, and the processes.
  void migrate();
  void run();
  void kill() { replicators_.clear(); }  // SIGKILL
  // `penstock COMMAND...` beside them.
  test::Process command(const std::vector<std::string>& words) const { return launch(words, words.at(0)); }
  // Throws with what it wrote when it does not exit with 0 in time.
  void expect_done(test::Process& process, const std::string& what, std::chrono::seconds within) const;

 private:
  std::string toml() const { return place().directory + "/penstock.toml"; }
  std::string log_of(const std::string& output) const { return place().directory + "/" + output + ".log"; }
  void write_toml() const;
  test::Process launch(const std::vector<std::string>& words, const std::string& output) const;

  std::string program_;
  PenstockSettings settings_;
  std::deque<test::Process> replicators_;
};

// The same, but that each table goes its own way on B: no change waits for another table's transaction.
class PenstockByKey : public Penstock {
 public:
  PenstockByKey(Place place, std::string program)
      : Penstock(std::move(place), std::move(program), {.pipeline = "consistency = \"key\"\n"}) {}

  std::string name() const override { return "penstock-key"; }
};

}  // namespace penstock::bench
