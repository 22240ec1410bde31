#include "ops/coverage.hpp"

#include <optional>

#include "base/task.hpp"
#include "model/journal_sql.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kInterval = 20ms;

}  // namespace

Task<bool> wait_until_covered(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                              const std::string& snapshot, std::chrono::seconds patience) {
  const std::string covered = journal_sql(sql::source::covered, pipeline);
  auto moved = Clock::now();
  std::int64_t last_seen = -1;
  std::optional<std::int64_t> wanted;
  while (Clock::now() - moved < patience) {
    if (!wanted) {
      const pg::Result slot = co_await a.query(covered, pg::Params::of(pipeline, snapshot));
      if (!slot.empty() && slot.boolean(0, 3)) wanted = slot.int64(0, 1);
    }
    const pg::Result offsets = co_await b.query(sql::target::newest_offsets, pg::Params::of(pipeline));
    const std::int64_t has = offsets.empty() ? 0 : offsets.int64(0, 1);
    if (wanted && has >= *wanted) co_return true;
    if (has != last_seen) moved = Clock::now();
    last_seen = has;
    co_await sleep_for(kInterval);
  }
  co_return false;
}

}  // namespace penstock::ops
