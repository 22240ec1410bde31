// Random schemas, written by random transactions from several connections while the replicator is killed now and then,
// and in some tests while servers crash and networks break as well. Whatever happened, at the end A and B hold the same
// rows, nothing is rejected, and the books balance.
//   PENSTOCK_TEST_SEED     the seed of the first round; a new one otherwise (always printed)
//   PENSTOCK_TEST_SECONDS  how long rounds are begun, 60 otherwise (with accidents: 20; SoakRandom: 1800)
#include <cstdlib>
#include <iostream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "random/accidents.hpp"
#include "random/ddl.hpp"
#include "random/witness.hpp"
#include "random/writer.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

constexpr int kConnections = 4;
constexpr double kCurrentWithin_s = 120;

struct Setting {
  std::chrono::seconds writing{3};
  ExposedServers* exposed = nullptr;  // with accidents of these

  Servers servers() const { return exposed ? exposed->servers() : Servers::shared(); }
  std::chrono::seconds patience() const { return exposed ? 300s : 120s; }
};

// A table that only says how far B is.
constexpr const char* kMarker = "create table marker (id int primary key)";

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// Everything that was executed, in the order in which it returned: what a failed round leaves behind.
class Round {
 public:
  Round(std::uint64_t seed, const Setting& setting)
      : seed_(seed),
        setting_(setting),
        random_(seed),
        first_(random_schema(random_)),
        schema_(first_),
        alterations_seed_(random_.seed()) {}

  void run() {
    try {
      create();
      write();
      compare();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "PENSTOCK_TEST_SEED=" << seed_ << "; what was executed: " << story_.keep(seed_);
    }
  }

 private:
  void create() {
    if (setting_.exposed) setting_.exposed->restart_a(random_.chance(0.5));
    const std::string extensions = "create extension hstore; create extension citext";
    line_.admin_a().run(extensions);
    line_.admin_b().run(extensions);
    const auto execute = [&](Database database, const std::string& where, const std::vector<std::string>& statements) {
      for (const auto& sql : statements) {
        story_.add(where, sql);
        database.run(sql);
      }
    };
    execute(line_.a(), "A", first_.on_both);
    execute(line_.b(), "B", first_.on_both);
    execute(line_.a(), "A", first_.on_a);
    execute(line_.b(), "B", first_.on_b);
    line_.configure(first_.configuration());
    story_.add("-", first_.configuration());
    if (setting_.exposed) {
      line_.on_both(kMarker);
      line_.add_tables("[[table]]\nsource = 'public.marker'\n");
    }
    Writer(0, random_.seed(), on_a(), false, schema_, story_).write_until(Clock::now() + 300ms);
    line_.migrate();
  }

  Writer::Connect on_a() {
    return [this] { return line_.a(); };
  }

  // Half of the rounds see the replicator killed, several times.
  void write() {
    using Roles = std::vector<std::string>;
    const bool exposed = setting_.exposed != nullptr;
    const auto end = Clock::now() + setting_.writing;
    std::vector<std::unique_ptr<Writer>> writers;
    for (int i = 1; i <= kConnections; ++i) {
      writers.push_back(std::make_unique<Writer>(i, random_.seed(), on_a(), exposed, schema_, story_));
    }
    if (random_.chance(0.2) && !first_.b_checks_references) writers.push_back(replica_writer());
    ReplicatorOptions options{.with_kills = random_.chance(0.5)};
    if (exposed) options.longest_life = 10s;
    if (exposed) options.roles = random_.pick<Roles>({{"all"}, {"all"}, {"all", "all"}, {"capture", "apply"}});
    Replicator replicator(random_.seed(), line_, options);
    Alterations alterations(alterations_seed_, line_, replicator, schema_, story_,
                            exposed ? Patience{.lock_tries = 400, .servers = 180s, .command = 180s} : Patience{});
    std::vector<std::thread> threads;
    for (auto& writer : writers) threads.emplace_back([&writer, end] { writer->write_until(end); });
    if (random_.chance(0.75)) threads.emplace_back([&] { alterations.alter_until(end); });
    std::optional<Accidents> accidents;
    if (exposed) {
      accidents.emplace(random_.seed(), *setting_.exposed, replicator, alterations, story_);
      threads.emplace_back([&] { accidents->happen_until(end); });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& writer : writers) EXPECT_EQ(writer->complaint(), "");
    EXPECT_EQ(alterations.complaint(), "");
    std::cout << story_.summary() << ", " << alterations.count() << " alterations";
    if (exposed) std::cout << ", " << accidents->count() << " accidents";
    std::cout << std::endl;
    partitions_changed_ = alterations.partitions_changed();
    if (exposed) expect_current(replicator);
  }

  // The processes that went through it all bring B up to date without being started again.
  void expect_current(Replicator& replicator) {
    replicator.stop_kills();
    const auto begin = Clock::now();
    line_.a().run("insert into marker values (1)");
    EXPECT_TRUE(line_.b().becomes("select count(*) from marker", "1", kCurrentWithin_s))
        << "the replicator does not go on by itself";
    std::cout << "current after " << std::chrono::duration<double>(Clock::now() - begin).count() << " s" << std::endl;
  }

  // One for whom no reference is checked and no trigger of the user's fires: B must not check either.
  std::unique_ptr<Writer> replica_writer() {
    const auto connect = [this] {
      Database admin = line_.admin_a();
      admin.run("set session_replication_role = replica");
      return admin;
    };
    return std::make_unique<Writer>(kConnections + 1, random_.seed(), connect, setting_.exposed != nullptr, schema_,
                                    story_);
  }

  void compare() {
    if (partitions_changed_) line_.migrate();  // otherwise the next look would do it, in a few seconds
    line_.once(setting_.patience());
    if (testing::Test::HasFatalFailure()) return;
    copy_doubtful();
    const RandomSchema& schema = *schema_.now();
    EXPECT_THAT(differing_rows(line_, schema), testing::IsEmpty());
    EXPECT_THAT(differing_dumps(line_, schema), testing::IsEmpty());
    if (!schema.may_reject()) {
      EXPECT_EQ(line_.admin_b().value("select count(*) from penstock.dead_letter where state = 'open'"), "0");
    }
    const Finished verified = line_.run({"verify", "--json"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    const Finished status = line_.run({"status", "--json"});
    EXPECT_EQ(status.code, 0) << status.out << status.err;
    for (const char* book : {"in_flight", "unaccounted"}) {
      EXPECT_THAT(status.out, testing::Not(testing::ContainsRegex(fmt::format("\"{}\": ?-?[1-9]", book))));
    }
  }

  // What a writer's TRUNCATE took from a partition unseen, status says, and how to mend it.
  void copy_doubtful() {
    const auto doubtful = line_.admin_a().rows("select distinct relation from penstock.escaped");
    for (const auto& relation : doubtful) EXPECT_EQ(line_.run({"backfill", relation[0], "--no-wait"}).code, 0);
    if (!doubtful.empty()) line_.once(setting_.patience());
  }

  const std::uint64_t seed_;
  const Setting setting_;
  Random random_;
  const RandomSchema first_;
  LiveSchema schema_;
  const std::uint64_t alterations_seed_;
  Story story_;
  Line line_{setting_.servers()};
  bool partitions_changed_ = false;
};

// Rounds are begun for so many seconds.
void run_rounds(std::uint64_t seconds, const Setting& setting) {
  const auto end = Clock::now() + std::chrono::seconds(from_environment("PENSTOCK_TEST_SECONDS", seconds));
  std::uint64_t seed = from_environment("PENSTOCK_TEST_SEED", std::random_device{}());
  for (; Clock::now() < end && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::cout << "seed " << seed << std::endl;
    Round(seed, setting).run();
  }
}

TEST(Random, SchemasAndTransactionsEndEqual) { run_rounds(60, {}); }

TEST(Random, AccidentsEndEqual) {
  ExposedServers exposed;
  run_rounds(20, {.writing = 12s, .exposed = &exposed});
}

TEST(SoakRandom, SchemasAndTransactionsEndEqual) { run_rounds(1'800, {}); }

TEST(SoakRandom, EverythingAtOnceEndsEqual) {
  ExposedServers exposed;
  run_rounds(1'800, {.writing = 30s, .exposed = &exposed});
}

}  // namespace
}  // namespace penstock::test
