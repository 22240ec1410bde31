// The journal's ring under a reader that keeps house all the time, with leaves of a few kilobytes: it turns and is
// emptied beside writers, a transaction that stays open and a session that reads all leaves, and no row is lost.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "capture/journal.hpp"
#include "support/coroutine.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLeafBytes = 64 << 10;

// Statements of one to twenty rows, until told to stop. A lock that is held for longer than a moment fails the writer.
struct Writer {
  std::vector<double> latencies_ms;
  long long rows = 0;

  void run(const std::string& dsn, int number, const std::atomic<bool>& stop) {
    Database a(dsn);
    a.run("set lock_timeout = '1s'");
    for (int i = 0; !stop; ++i) {
      const int wanted = 1 + i % 20;
      const auto begin = Clock::now();
      rows += a.changed_rows("insert into t select g, md5(g::text) from generate_series(" +
                             std::to_string(number * 100'000'000LL + rows) + ", " +
                             std::to_string(number * 100'000'000LL + rows + wanted - 1) + ") as g");
      latencies_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
  }
};

class JournalRing : public testing::Test {
 protected:
  JournalRing() {
    line_.on_both("create table t (id bigint primary key, v text)");
    line_.configure("[[table]]\nsource = \"public.t\"\n");
    line_.migrate();
    reader_ = std::thread([this] { run_task([this] { return read(); }); });
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      threads_.emplace_back([this, i] { writers_[i].run(line_.dsn_a(), static_cast<int>(i) + 1, stop_writers_); });
    }
  }
  ~JournalRing() override { stop(); }

  // Everything that was written has been read when this returns.
  void stop() {
    stop_writers_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    stop_reader_ = true;
    if (reader_.joinable()) reader_.join();
  }

  Task<void> read() {
    capture::Journal::Options options;
    options.dsn = line_.admin_dsn_a();
    options.pipeline = "emp";
    options.leaf_bytes_max = kLeafBytes;
    const std::unique_ptr<capture::Journal> journal = co_await capture::Journal::connect(options);
    const bool ours = co_await journal->try_become_reader();
    EXPECT_TRUE(ours);
    co_await journal->load_slot();
    Database a = line_.admin_a();
    while (true) {
      const bool last_look = stop_reader_;
      capture::Journal::Found found = co_await journal->look(capture::Journal::Look::awake);
      if (found.first_rows) {
        capture::JournalRows rows = std::move(*found.first_rows);
        count(rows);
        while (!rows.last) {
          rows = co_await journal->rows_after(rows.last_cdc_id, 500);
          count(rows);
        }
        co_await journal->acknowledge();
      }
      co_await journal->keep_house();
      const std::string leaf = a.value("select last_value from penstock.emp_cdc_ring_seq");
      if (leaf != leaf_) ++turns_;
      leaf_ = leaf;
      if (last_look && !found.first_rows) co_return;
    }
  }
  void count(const capture::JournalRows& rows) {
    for (int row = 0; row < rows.count; ++row) read_ += rows.rows.int64(row, rows.first_column + 5);
  }

  // Waits until the ring has turned so many times more.
  void expect_turns(int more, const std::string& when) {
    const int wanted = turns_ + more;
    for (int i = 0; i < 1'500 && turns_ < wanted; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_GE(turns_, wanted) << when;
  }
  long long journal_bytes() {
    return line_.admin_a().number(
        "select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'penstock.emp_cdc'::regclass");
  }

  Line line_;
  std::array<Writer, 3> writers_;
  std::atomic<bool> stop_writers_ = false, stop_reader_ = false;
  std::atomic<int> turns_ = 0;
  std::string leaf_ = "0";
  long long read_ = 0;
  std::thread reader_;
  std::vector<std::thread> threads_;
};

TEST_F(JournalRing, TurnsAndEmptiesBesideEverybodyAndLosesNothing) {
  expect_turns(20, "with nobody else");

  // A transaction that wrote and stays open keeps the leaf it wrote to; the other two take turns.
  Database open = line_.a();
  open.run("begin; insert into t values (1, 'open')");
  expect_turns(20, "beside an open transaction");
  EXPECT_LT(journal_bytes(), 8 << 20);
  open.run("commit");

  // A dump in the middle of it (its locks on every leaf): nothing can be emptied, and nobody waits.
  {
    Database dump = line_.admin_a();
    dump.run("begin isolation level repeatable read; select count(*) from penstock.emp_cdc");
    const long long before = line_.a().number("select count(*) from t");
    EXPECT_TRUE(line_.a().becomes("select count(*) > " + std::to_string(before + 20'000) + " from t", "t", 30));
    dump.run("commit");
  }
  expect_turns(20, "after a dump");

  stop();
  EXPECT_EQ(read_, line_.a().number("select count(*) from t"));
  EXPECT_LT(journal_bytes(), 1 << 20);
  std::vector<double> all;
  for (const auto& writer : writers_) all.insert(all.end(), writer.latencies_ms.begin(), writer.latencies_ms.end());
  std::sort(all.begin(), all.end());
  std::cout << all.size() << " statements, " << turns_ << " turns of the ring; a statement took p50 "
            << all[all.size() / 2] << " ms, p99 " << all[all.size() * 99 / 100] << " ms, at most " << all.back()
            << " ms\n";
}

}  // namespace
}  // namespace penstock::test
