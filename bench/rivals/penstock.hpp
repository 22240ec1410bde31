#pragma once
#include <deque>

#include "rivals/rival.hpp"
#include "support/process.hpp"

namespace penstock::bench {

// Parts of penstock.toml, where they are not the usual ones, and how often `penstock run` is started.
struct PenstockSettings {
  std::string pipeline{}, kafka{};  // further lines of these two sections
  std::string tables{};             // the [[table]] and [[rule]] parts; empty: of the tables employee and bystander
  int processes = 1;
};

// [[table]] and the three rules of a table like employee.
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

 protected:
  void migrate();
  void run();

 private:
  std::string toml() const { return place().directory + "/penstock.toml"; }
  void write_toml() const;

  std::string program_;
  PenstockSettings settings_;
  std::deque<test::Process> replicators_;
};

}  // namespace penstock::bench
