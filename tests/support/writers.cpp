#include "support/writers.hpp"

#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "support/database.hpp"

namespace penstock::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKeysOfAWriter = 2'000;
constexpr int kFirstKey = 10'000;

class Writer {
 public:
  Writer(const std::string& dsn, const WriterOptions& options, int number)
      : database_(dsn),
        options_(options),
        random_(options.seed * 1'000 + static_cast<unsigned>(number)),
        low_(kFirstKey + number * kKeysOfAWriter) {
    // Keys that exist are known from the start, so that every statement's number of changes is.
  }

  WriterReport run() {
    const auto end = Clock::now() + options_.duration;
    while (Clock::now() < end) {
      transaction();
      std::this_thread::sleep_for(options_.pause);
    }
    return report_;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }

  // "date, salary" of a row, good or bad.
  std::string values() {
    const bool bad = chance(options_.bad_share);
    const bool by_birth = bad && chance(0.5);
    std::string row(by_birth ? "date '2001-01-01', " : "date '2010-01-01', ");
    row += std::to_string(bad && !by_birth ? pick(10'000) : 20'000 + pick(50'000));
    return row;
  }

  void transaction() {
    const int statements = chance(0.3) ? 2 + pick(4) : 1;
    const bool give_up = chance(0.05);
    long long changes = 0;
    timed("begin");
    for (int i = 0; i < statements; ++i) changes += statement();
    timed(give_up ? "rollback" : "commit");
    ++report_.transactions;
    if (!give_up) report_.changes += changes;
  }

  long long statement() {
    const int key = low_ + pick(kKeysOfAWriter);
    const int kind = pick(10);
    const std::string id = std::to_string(key);
    if (kind < 5) {
      return timed("insert into employee_a as e (emp_id, first_name, last_name, dob, city, salary) select " + id +
                   ", 'F', 'L" + std::to_string(random_() % 100'000) + "', d, 'Perth', s from (values (" + values() +
                   ")) as v (d, s) where not exists (select from employee_a where emp_id = " + id + ")");
    }
    if (kind < 8) {
      const std::string width = std::to_string(key + (kind == 7 ? 50 : 0));
      return timed("update employee_a set (dob, salary) = (select " + values() + "), city = 'C" +
                   std::to_string(random_() % 1'000) + "' where emp_id between " + id + " and " + width +
                   " and emp_id < " + std::to_string(low_ + kKeysOfAWriter));
    }
    return timed("delete from employee_a where emp_id between " + id + " and " + std::to_string(key + pick(5)) +
                 " and emp_id < " + std::to_string(low_ + kKeysOfAWriter));
  }

  // Runs it, measures it, gives the number of rows it changed.
  long long timed(const std::string& sql) {
    const auto begin = Clock::now();
    long long rows = 0;
    try {
      rows = database_.changed_rows(sql);
    } catch (const SqlError& error) {
      ++report_.failed;
      if (report_.first_error.empty()) report_.first_error = sql + ": " + error.what();
    }
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    report_.longest_ms = std::max(report_.longest_ms, ms);
    return rows;
  }

  Database database_;
  const WriterOptions& options_;
  std::mt19937_64 random_;
  const int low_;
  WriterReport report_;
};

}  // namespace

WriterReport write_employees(const std::string& dsn, const WriterOptions& options) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  WriterReport all;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&, i] {
      const WriterReport one = Writer(dsn, options, i).run();
      const std::lock_guard lock(mutex);
      all.changes += one.changes;
      all.transactions += one.transactions;
      all.failed += one.failed;
      if (all.first_error.empty()) all.first_error = one.first_error;
      all.longest_ms = std::max(all.longest_ms, one.longest_ms);
    });
  }
  for (auto& thread : threads) thread.join();
  return all;
}

}  // namespace penstock::test
