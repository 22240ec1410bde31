#pragma once
#include <optional>

#include "rivals/rival.hpp"
#include "support/process.hpp"

namespace penstock::bench {

// The program itself, as anybody would run it: `penstock migrate`, `penstock run`, three rules, no setting changed.
// tables: the
// [[table]] and [[rule]] parts of penstock.toml, where they are not those of the table employee.
class Penstock : public Rival {
 public:
  Penstock(Place place, std::string program, std::string tables = "")
      : Rival(std::move(place)), program_(std::move(program)), tables_(std::move(tables)) {}

  std::string name() const override { return "penstock"; }
  void start() override;
  void stop() override;
  bool copies_truncate() const override { return true; }
  std::vector<pid_t> processes() const override;

 private:
  std::string toml() const { return place().directory + "/penstock.toml"; }

  std::string program_, tables_;
  std::optional<test::Process> replicator_;
};

}  // namespace penstock::bench
