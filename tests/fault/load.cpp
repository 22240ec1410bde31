#include "fault/load.hpp"

#include <algorithm>

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

void add(WriterReport& all, const WriterReport& one) {
  all.changes += one.changes;
  all.transactions += one.transactions;
  all.failed += one.failed;
  if (all.first_error.empty()) all.first_error = one.first_error;
  all.longest_ms = std::max(all.longest_ms, one.longest_ms);
}

}  // namespace

Load::Load(const Line& line)
    : thread_([this, dsn = line.dsn_a()] {
        for (unsigned round = 1; !stopping_; ++round) {
          add(report_,
              write_employees(dsn,
                              {.connections = 3, .duration = 500ms, .bad_share = 0.05, .seed = round, .pause = 20ms}));
        }
      }) {}

Load::~Load() { stop(); }

WriterReport Load::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return report_;
}

}  // namespace penstock::test
