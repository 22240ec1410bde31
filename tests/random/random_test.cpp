// Random schemas, written by random transactions from several connections while the replicator is killed now and then.
// Whatever happened, at the end A and B hold the same rows, nothing is rejected, and the books balance.
//   PENSTOCK_TEST_SEED     the seed of the first round; a new one otherwise (always printed)
//   PENSTOCK_TEST_SECONDS  how long rounds are begun, 60 otherwise
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "random/statements.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kConnections = 4;
constexpr auto kRound = 6s;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// Everything that was executed, in the order in which it returned: what a failed round leaves behind.
class Story {
 public:
  void add(int who, const std::string& sql, const std::string& outcome = "") {
    const std::lock_guard lock(mutex_);
    text_ += fmt::format("{}: {}{}{};\n", who, outcome, outcome.empty() ? "" : " <- ", sql);
  }
  std::string keep(std::uint64_t seed) const {
    const std::string path = fmt::format("{}/penstock-random-{}.sql", testing::TempDir(), seed);
    std::ofstream(path) << text_;
    return path;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

// What statements of concurrent writers run into by themselves. Anything else, or anything that names us, is ours.
bool expected(const SqlError& error) {
  static const std::vector<std::string> states{"23505", "23503", "23502", "23514",  // constraints
                                               "21000",  // ON CONFLICT or MERGE meets a row twice
                                               "27000",  // a user's trigger changed the row of the statement
                                               "40P01", "40001", "55P03",  // deadlock, lock_timeout
                                               "55006",                    // TRUNCATE with deferred triggers pending
                                               "0A000", "22003", "22008", "25P02"};
  return std::find(states.begin(), states.end(), error.sqlstate) != states.end() &&
         std::string_view(error.what()).find("penstock") == std::string_view::npos;
}

class Writer {
 public:
  Writer(int number, std::uint64_t seed, const Line& line, const RandomSchema& schema, Story& story)
      : number_(number), random_(seed), schema_(schema), story_(story), a_(line.dsn_a()) {
    a_.run("set lock_timeout = '300ms'");
  }

  void write_until(Clock::time_point end) {
    while (Clock::now() < end) transaction();
  }
  const std::string& complaint() const { return complaint_; }

 private:
  void transaction() {
    const bool explicit_one = random_.chance(0.6);
    if (explicit_one) run("begin");
    const std::size_t count = explicit_one ? 1 + random_.below(4) : 1;
    bool sound = true;
    for (std::size_t i = 0; i < count && sound; ++i) sound = step();
    if (explicit_one) run(sound && random_.chance(0.8) ? "commit" : "rollback");
    if (random_.chance(0.02)) std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(300)));
  }
  bool step() {
    const bool protected_one = random_.chance(0.2);
    if (!protected_one) return run(random_statement(random_, schema_));
    run("savepoint s");
    const bool sound = run(random_statement(random_, schema_));
    run(sound && random_.chance(0.5) ? "release s" : "rollback to s");
    return true;
  }
  bool run(const std::string& sql) {
    try {
      a_.run(sql);
      story_.add(number_, sql);
      return true;
    } catch (const SqlError& error) {
      story_.add(number_, sql, error.sqlstate);
      const bool outside = sql.starts_with("savepoint") || sql.starts_with("release") || sql.starts_with("rollback to");
      if (!expected(error) && !(outside && error.sqlstate == "25P01")) complaint_ = sql + "\n" + error.what();
      return false;
    }
  }

  const int number_;
  Random random_;
  const RandomSchema& schema_;
  Story& story_;
  Database a_;
  std::string complaint_;
};

std::vector<Database::Row> read_all(Database database, const RandomTable& table) {
  return database.rows(fmt::format("select t::text from {} as t order by 1", table.name));
}

class Round {
 public:
  explicit Round(std::uint64_t seed) : seed_(seed), random_(seed), schema_(random_schema(random_)) {}

  void run() {
    create();
    write();
    compare();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "PENSTOCK_TEST_SEED=" << seed_ << "; what was executed: " << story_.keep(seed_);
    }
  }

 private:
  void create() {
    for (const auto& sql : schema_.on_both) line_.on_both(sql);
    for (const auto& sql : schema_.on_both) story_.add(0, sql, "both");
    for (const auto& sql : schema_.on_a) line_.a().run(sql);
    for (const auto& sql : schema_.on_a) story_.add(0, sql, "A");
    line_.configure(schema_.configuration());
    Writer(0, random_.seed(), line_, schema_, story_).write_until(Clock::now() + 300ms);
    line_.migrate();
  }

  void write() {
    const auto end = Clock::now() + kRound;
    std::vector<std::unique_ptr<Writer>> writers;
    for (int i = 1; i <= kConnections; ++i) {
      writers.push_back(std::make_unique<Writer>(i, random_.seed(), line_, schema_, story_));
    }
    std::vector<std::thread> threads;
    for (auto& writer : writers) threads.emplace_back([&writer, end] { writer->write_until(end); });
    replicate_until(end);
    for (auto& thread : threads) thread.join();
    for (const auto& writer : writers) EXPECT_EQ(writer->complaint(), "");
  }

  // Half of the rounds see it killed, several times.
  void replicate_until(Clock::time_point end) {
    const bool kills = random_.chance(0.5);
    while (Clock::now() < end) {
      Process replicator = line_.start();
      const auto lifetime = std::chrono::milliseconds(random_.between(300, 2'000));
      std::this_thread::sleep_until(kills ? std::min(end, Clock::now() + lifetime) : end);
      EXPECT_TRUE(replicator.running());
      replicator.send(SIGKILL);
      replicator.wait(5s);
    }
  }

  void compare() {
    line_.once();
    if (testing::Test::HasFatalFailure()) return;
    for (const auto& table : schema_.tables) {
      EXPECT_EQ(read_all(line_.a(), table), read_all(line_.b(), table)) << table.name;
    }
    EXPECT_EQ(line_.admin_b().value("select count(*) from penstock.dead_letter where state = 'open'"), "0");
    const Finished verified = line_.run({"verify", "--json"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    const Finished status = line_.run({"status", "--json"});
    EXPECT_EQ(status.code, 0) << status.out << status.err;
  }

  const std::uint64_t seed_;
  Random random_;
  RandomSchema schema_;
  Story story_;
  Line line_;
};

TEST(Random, SchemasAndTransactionsEndEqual) {
  const auto end = Clock::now() + std::chrono::seconds(from_environment("PENSTOCK_TEST_SECONDS", 60));
  std::uint64_t seed = from_environment("PENSTOCK_TEST_SEED", std::random_device{}());
  for (; Clock::now() < end && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::cout << "seed " << seed << std::endl;
    Round(seed).run();
  }
}

}  // namespace
}  // namespace penstock::test
