// What is kept for a while, and what is not kept for ever: the journal, the slot, B's offsets, the ledger.
#include <chrono>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

constexpr const char* kJournalBytes =
    "select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'penstock.emp_cdc'::regclass";

TEST(Retain, ConsumedChangesStayForAsLongAndThenGo) {
  Line line;
  line.on_both("create table t (id int primary key, v int)");
  line.configure("[[table]]\nsource = \"public.t\"\n", "retain = \"4s\"\n");
  line.migrate_and_copy();
  Process replicator = line.start();
  Database a = line.a(), admin = line.admin_a();
  const std::string first = "select count(*) from penstock.emp_changes where new_row ->> 'id' = '1'";
  a.run("insert into t values (1, 1)");
  ASSERT_TRUE(line.b().becomes("select count(*) from t where id = 1", "1", 10));
  const auto begin = Clock::now();
  for (int id = 2; seconds_since(begin) < 3.5; ++id) {
    a.run("insert into t values (" + std::to_string(id) + ", 1)");
    ASSERT_EQ(admin.value(first), "1") << "gone after " << seconds_since(begin) << " s";
    std::this_thread::sleep_for(100ms);
  }
  // Its leaf was left within half the time, and house is kept every 5 s.
  EXPECT_TRUE(admin.becomes(first, "0", 20));
  // A table at rest lets go of its last changes, too.
  EXPECT_TRUE(admin.becomes("select count(*) from penstock.emp_changes", "0", 25));
  line.expect_all_equal({"t"});
}

TEST(Ledger, ForgetsWhatWasClosedLongAgoAndNothingElse) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2001-01-01', 'C', 20000 from generate_series(1, 3) as g");
  line.once();
  line.a().run("update employee_a set dob = date '2010-01-01' where emp_id <= 2");
  line.once();
  Database ledger = line.admin_b();
  const std::string states = "select string_agg(state, ' ' order by key) from penstock.dead_letter";
  ASSERT_EQ(ledger.value(states), "superseded superseded open");
  ledger.run(
      "update penstock.dead_letter set resolved_at = resolved_at - interval '8 days' where key = '{\"emp_id\":1}';"
      "update penstock.dead_letter set rejected_at = rejected_at - interval '8 days'");
  Process replicator = line.start();
  EXPECT_TRUE(ledger.becomes(states, "superseded open", 10));
  line.expect_equal();
  EXPECT_EQ(line.book("rejected"), 3);  // the books do not forget
}

// `rows` rows in transactions of 50,000, each as wide as so many md5s; then the journal is empty but for what its
// current leaf may hold.
void expect_small_journal_after(int rows, int width, int megabytes) {
  Line line;
  line.on_both("create table t (id int primary key, v text)");
  line.configure("[[table]]\nsource = \"public.t\"\n");
  line.migrate_and_copy();
  Process replicator = line.start();
  Database a = line.a(), admin = line.admin_a();
  const auto begin = Clock::now();
  long long largest = 0;
  const std::string value =
      "(select string_agg(md5((g * 100 + n)::text), '') from generate_series(1, " + std::to_string(width) + ") as n)";
  for (int low = 0; low < rows; low += 50'000) {
    a.run("insert into t select g, " + value + " from generate_series(" + std::to_string(low) + ", " +
          std::to_string(low + 49'999) + ") as g");
    largest = std::max(largest, admin.number(kJournalBytes));
  }
  const double written = seconds_since(begin);
  ASSERT_TRUE(line.b().becomes("select count(*) from t", std::to_string(rows), 1'800));
  const double there = seconds_since(begin);
  EXPECT_TRUE(
      admin.becomes("select (" + std::string(kJournalBytes) + ") < " + std::to_string(megabytes << 20), "t", 30));
  admin.run("create extension pgstattuple");
  EXPECT_EQ(admin.number("select coalesce(sum((pgstattuple(inhrelid)).dead_tuple_count), 0)::bigint from pg_inherits "
                         "where inhparent = 'penstock.emp_cdc'::regclass"),
            0);
  std::cout << rows << " changes written in " << written << " s, on B after " << there << " s; journal at most "
            << (largest >> 20) << " MB, then " << (admin.number(kJournalBytes) >> 20) << " MB; program at most "
            << replicator.peak_memory_kb() / 1024 << " MB\n";
  line.expect_all_equal({"t"});
}

TEST(JournalSize, IsSmallAgainAfterThreeHundredThousandChanges) { expect_small_journal_after(300'000, 8, 32); }
TEST(SoakJournalSize, IsUnder64MBAfterTenMillionChanges) { expect_small_journal_after(10'000'000, 1, 64); }

// Batches of one change, while on A and on B a transaction holds back every vacuum. Of many rows in turn: the versions of
// one alone, which every UPDATE of it walks past, slow a table down by themselves, captured or not.
constexpr int kRows = 10'000;

struct Held {
  std::string name;
  Database admin;
  Database holder;

  Held(std::string relation, const std::string& dsn) : name(std::move(relation)), admin(dsn), holder(dsn) {
    holder.run("begin isolation level repeatable read; select pg_current_xact_id()");
  }
  long long bytes() { return admin.number("select pg_total_relation_size('" + name + "')"); }
};

void update_one(Database& a) {
  static int row = 0;
  a.run("update t set v = v + 1 where id = " + std::to_string(1 + row++ % kRows));
}

double seconds_of(Database& a, Line& line, long long from, long long to) {
  Database slot = line.admin_a();
  const auto begin = Clock::now();
  const auto batch = [&] { return slot.number("select max(batch) from penstock.slot"); };
  for (const long long wanted = batch() + to - from; batch() < wanted;) {
    for (int i = 0; i < 20; ++i) update_one(a);
  }
  return seconds_since(begin);
}

void expect_bounded_books_after(int batches) {
  const std::string settings = "autovacuum_naptime=1s";
  const OwnServer own_a("a", settings), own_b("b", settings);
  Line line({own_a.servers.a, own_b.servers.b, own_a.servers.kafka});
  line.on_both("create table t (id int primary key, v int)");
  line.a().run("insert into t select g, 0 from generate_series(1, " + std::to_string(kRows) + ") as g");
  line.configure("[[table]]\nsource = \"public.t\"\n");
  line.migrate_and_copy();
  Process replicator = line.start();
  Database a = line.a();
  const int tenth = batches / 10;
  double first = 0, last = 0;
  {
    Held slot("penstock.slot", line.admin_dsn_a()), offsets("penstock.offsets", line.admin_dsn_b());
    first = seconds_of(a, line, 0, tenth);
    seconds_of(a, line, tenth, batches - tenth);
    last = seconds_of(a, line, batches - tenth, batches);
    std::cout << batches << " batches, a transaction open: slot " << slot.bytes() / 1024 << " kB, offsets "
              << offsets.bytes() / 1024 << " kB; the first tenth in " << first << " s, the last in " << last << " s\n";
  }
  EXPECT_LT(last, 2 * first + 1);
  // Once they end, what was deleted goes, and the files shrink to what is in use.
  for (const auto& [name, dsn] : {std::pair<std::string, std::string>{"penstock.slot", line.admin_dsn_a()},
                                  std::pair<std::string, std::string>{"penstock.offsets", line.admin_dsn_b()}}) {
    Database admin(dsn);
    bool small = false;
    for (int i = 0; i < 600 && !small; ++i) {
      for (int n = 0; n < 20; ++n) update_one(a);
      small = admin.number("select pg_table_size('" + name + "')") < 4 << 20;
      std::this_thread::sleep_for(50ms);
    }
    EXPECT_TRUE(small) << name;
    std::cout << name << " afterwards " << admin.number("select pg_total_relation_size('" + name + "')") / 1024
              << " kB\n";
  }
  line.expect_all_equal({"t"});
}

TEST(SlotAndOffsets, StaySmallAndFastBehindAnOldTransaction) { expect_bounded_books_after(1'000); }
TEST(SoakSlotAndOffsets, StaySmallAndFastBehindAnOldTransactionForAHundredThousandBatches) {
  expect_bounded_books_after(100'000);
}

}  // namespace
}  // namespace penstock::test
