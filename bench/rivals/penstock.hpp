#pragma once
#include <chrono>
#include <optional>

#include "rivals/rival.hpp"
#include "support/process.hpp"

namespace penstock::bench {

// What penstock.toml says beside the servers.
struct PipelineFile {
  std::string name = "emp";
  std::string snapshot = "initial";
  std::string tables{};  // its [[table]] and [[rule]] parts; empty: those of the table employee, with three rules
};

// The program itself, as anybody would run it: `penstock migrate`, `penstock run`, no other setting changed.
class Penstock : public Rival {
 public:
  Penstock(Place place, std::string program, PipelineFile file = {})
      : Rival(std::move(place)), program_(std::move(program)), file_(std::move(file)) {}

  std::string name() const override { return "penstock"; }
  void start() override;
  void stop() override;
  bool copies_truncate() const override { return true; }
  std::vector<pid_t> processes() const override;

  // start() in two steps: what is done once, and the process.
  void migrate();
  void run();
  void kill() { replicator_.reset(); }  // SIGKILL
  // `penstock COMMAND...` beside it.
  test::Process command(const std::vector<std::string>& words) const;
  // Throws with what it wrote when it does not exit with 0 in time.
  void expect_done(test::Process& process, const std::string& what, std::chrono::seconds within) const;

 private:
  std::string log_of(const std::string& command) const { return place().directory + "/" + command + ".log"; }

  std::string program_;
  PipelineFile file_;
  std::optional<test::Process> replicator_;
};

}  // namespace penstock::bench
