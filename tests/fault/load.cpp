#include "fault/load.hpp"

#include <algorithm>

namespace penstock::test {
namespace {

void add(WriterReport& all, const WriterReport& one) {
  all.changes += one.changes;
  all.transactions += one.transactions;
  all.failed += one.failed;
  if (all.first_error.empty()) all.first_error = one.first_error;
  all.longest_ms = std::max(all.longest_ms, one.longest_ms);
}

}  // namespace

Load::Load(const Line& line, WriterOptions round)
    : thread_([this, dsn = line.dsn_a(), round]() mutable {
        for (; !stopping_; ++round.seed) add(report_, write_employees(dsn, round));
      }) {}

Load::~Load() { stop(); }

WriterReport Load::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return report_;
}

}  // namespace penstock::test
