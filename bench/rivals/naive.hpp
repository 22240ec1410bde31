#pragma once
#include <optional>

#include "rivals/rival.hpp"
#include "support/process.hpp"

namespace penstock::bench {

// Change capture as it is usually written first (bench/naive, bench/sql/naive_capture.sql). It loses rows of concurrent
// writers, and is told so instead of failing the benchmark.
class Naive : public Rival {
 public:
  Naive(Place place, std::string program) : Rival(std::move(place)), program_(std::move(program)) {}

  std::string name() const override { return "naive"; }
  void start() override;
  void stop() override { process_.reset(); }
  bool may_lose() const override { return true; }
  std::vector<pid_t> processes() const override;

 private:
  std::string program_;
  std::optional<test::Process> process_;
};

}  // namespace penstock::bench
