// consistency = "key": several appliers share the partitions; they join, leave, die and wake up while writers write.
#include <csignal>
#include <functional>
#include <list>
#include <thread>

#include <gtest/gtest.h>

#include "support/broker.hpp"
#include "support/by_key.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 8;
constexpr auto kPastTheSession = 8s;  // a member that is silent for 6 s loses its partitions

std::list<Process> start_members(Line& line, int count) {
  std::list<Process> members;
  for (int i = 0; i < count; ++i) members.push_back(line.start("apply"));
  return members;
}

class ScaleOut : public testing::Test {
 protected:
  void SetUp() override {
    line_.create_employees();
    line_.configure(employees_in_partitions(kPartitions), kByKey);
    line_.a().run(
        "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(100001, 100100) "
        "as g");
    line_.migrate_and_copy();
    keep_history(line_.a());
  }

  void start_members(int count) { members_.splice(members_.end(), test::start_members(line_, count)); }
  void kill_oldest(int signal) {
    members_.front().send(signal);
    EXPECT_EQ(members_.front().wait(15s), signal == SIGKILL ? -SIGKILL : 0);
    members_.pop_front();
  }

  // How many sessions of B apply.
  long long appliers() const {
    return line_.admin_b().number(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name like "
        "'penstock%'");
  }
  void until(const std::string& what, const std::function<bool()>& true_at_last, std::chrono::seconds within = 20s) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!true_at_last()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(20ms);
    }
  }
  // A change made now is on B within seconds.
  void expect_moving(int id, std::chrono::seconds within = 5s) {
    line_.a().run("insert into employee_a values (" + std::to_string(id) +
                  ", 'F', 'L', date '2010-01-01', 'C', 20000)");
    ++extra_;
    until(
        "the line does not move",
        [&] { return line_.b().number("select count(*) from employee_b where emp_id = " + std::to_string(id)) == 1; },
        within);
  }
  void write_while(std::chrono::seconds duration, const std::function<void()>& accidents) {
    WriterReport written;
    std::thread writers([&] {
      written =
          write_employees(line_.dsn_a(), {.connections = 4, .duration = duration, .bad_share = 0.1, .pause = 2ms});
    });
    accidents();
    writers.join();
    EXPECT_EQ(written.failed, 0) << written.first_error;
    changes_ += written.changes;
  }
  void expect_exact() {
    line_.expect_equal();
    EXPECT_EQ(line_.book("captured"), 100 + changes_ + extra_);
    EXPECT_EQ(line_.book("captured"), line_.book("applied") + line_.book("rejected"));
    EXPECT_EQ(line_.book("unaccounted"), 0);
    EXPECT_EQ(line_.book("in_flight"), 0);
    std::map<std::string, long long> rejects;
    for (const auto& row : line_.admin_b().rows("select rule, count(*) from penstock.dead_letter group by rule"))
      rejects[row[0]] = std::stoll(row[1]);
    EXPECT_EQ(rejects, expected_rejects(line_.a()));
  }

  Line line_;
  std::list<Process> members_;
  long long changes_ = 0, extra_ = 0;
};

TEST_F(ScaleOut, MembersJoinLeaveAndDieUnderLoad) {
  const Process capture = line_.start("capture");
  start_members(4);
  write_while(10s, [&] {
    for (int i = 0; i < 4; ++i) {
      until("a member applies", [&] { return appliers() >= 4; });
      std::this_thread::sleep_for(1s);
      start_members(1);
      kill_oldest(i % 2 == 0 ? SIGKILL : SIGTERM);
    }
  });
  expect_moving(900'001, 20s);  // the partitions of one killed wait for the end of its session
  expect_exact();
}

TEST_F(ScaleOut, AMemberThatWakesUpAfterItsPartitionsMovedIsTurnedAway) {
  const Process capture = line_.start("capture");
  start_members(4);
  write_while(12s, [&] {
    until("a member applies", [&] { return appliers() >= 4; });
    std::this_thread::sleep_for(1s);
    members_.front().send(SIGSTOP);
    std::this_thread::sleep_for(kPastTheSession);
    expect_moving(900'001, 15s);
    members_.front().send(SIGCONT);
    expect_moving(900'002, 15s);
  });
  EXPECT_TRUE(members_.front().running());
  expect_exact();
}

// Rows come before and behind each TRUNCATE in every partition, and each partition comes to it in its own time.
TEST(ScaleOutTruncate, EmptiesWhatStoodBeforeItAndNothingElse) {
  Line line;
  line.on_both("create table t (id int primary key, v int)");
  line.configure("partitions = 8\n[[table]]\nsource = \"public.t\"\n", kByKey);
  line.migrate_and_copy();
  const Process capture = line.start("capture");
  std::list<Process> members = start_members(line, 4);
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&line, w] {
      Database a = line.a();
      for (int i = 0; i < 300; ++i) {
        const std::string id = std::to_string(w * 1'000 + i % 100);
        a.run("insert into t values (" + id + ", " + std::to_string(i) +
              ") on conflict (id) do update set v = excluded.v");
        if (i % 100 == 33 * (w + 1) % 100) a.run("truncate t");
      }
    });
  }
  for (auto& writer : writers) writer.join();
  line.expect_all_equal({"t"});
  EXPECT_EQ(line.book("captured", "public.t"), 3 * 300 + 3 * 3);
  EXPECT_EQ(line.book("applied", "public.t"), 3 * 300 + 3 * 3);
}

// A row may come before what it refers to, and a table's copies of the TRUNCATE before or behind those of the other's.
TEST(ScaleOutTruncate, OfTablesThatReferToEachOtherLeavesWhatWasWrittenBehindIt) {
  Line line;
  line.on_both(
      "create table parent (id int primary key, v int); create table child (id int primary key, parent int references "
      "parent, v int)");
  line.configure("partitions = 4\n[[table]]\nsource = \"public.parent\"\n[[table]]\nsource = \"public.child\"\n",
                 kByKey);
  line.migrate_and_copy();
  const Process capture = line.start("capture");
  std::list<Process> members = start_members(line, 3);
  Database a = line.a();
  const std::vector<std::string> emptying{"truncate child, parent", "truncate parent cascade", "truncate child",
                                          "truncate child; insert into child values (1, 1, 0); truncate parent, child"};
  for (int i = 0; i < 240; ++i) {
    const std::string number = std::to_string(i), id = std::to_string(i % 7), other = std::to_string((i + 3) % 7);
    a.run("begin; insert into parent values (" + id + ", " + number + "), (" + other + ", " + number +
          ") on conflict (id) do update set v = excluded.v; insert into child values (" + id + ", " + other + ", " +
          number + "), (" + other + ", " + id + ", " + number +
          ") on conflict (id) do update set (parent, v) = (excluded.parent, excluded.v); commit");
    if (i % 12 == 5) a.run("insert into parent values (1, 0) on conflict do nothing; " + emptying[i / 12 % 4]);
  }
  line.expect_all_equal({"parent", "child"});
  EXPECT_EQ(line.admin_b().number("select count(*) from penstock.dead_letter"), 0);
  for (const char* table : {"public.parent", "public.child"}) {
    EXPECT_EQ(line.book("captured", table), line.book("applied", table)) << table;
  }
}

// With full queues: what a member holds of partitions that stay is not read again, nor lost.
TEST(ScaleOutBacklog, PassesWholeWhileMembersComeAndGo) {
  Line line;
  line.on_both("create table t (id int primary key, v int)");
  line.configure("partitions = 8\n[[table]]\nsource = \"public.t\"\n", kByKey);
  line.migrate_and_copy();
  const Process capture = line.start("capture");
  for (int i = 0; i < 30; ++i) {
    line.a().run("insert into t select g, 0 from generate_series(" + std::to_string(i * 10'000) + ", " +
                 std::to_string(i * 10'000 + 9'999) + ") as g");
  }
  std::list<Process> members = start_members(line, 2);
  for (int i = 0; i < 12; ++i) {
    members.push_back(line.start("apply"));
    std::this_thread::sleep_for(400ms);
    members.front().send(SIGTERM);
    EXPECT_EQ(members.front().wait(15s), 0);
    members.pop_front();
  }
  line.expect_all_equal({"t"});
  EXPECT_EQ(line.book("applied", "public.t"), 300'000);
}

// What no partition brings is rejected in the end, while others write on, and whoever waits says so.
TEST(ScaleOutRefused, ARowThatNothingFitsIsRejectedWhenPatienceIsOver) {
  Line line;
  line.on_both("create table child (id int primary key, parent int)");
  line.b().run(
      "create table parent (id int primary key); alter table child add foreign key (parent) references parent");
  line.configure("partitions = 4\n[[table]]\nsource = \"public.child\"\n", kByKey);
  line.migrate_and_copy();
  const Process capture = line.start("capture"), one = line.start("apply"), two = line.start("apply");
  Database a = line.a(), b = line.admin_b();
  a.run("insert into child values (1, 4711)");
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const char* const rejected = "select count(*) from penstock.dead_letter where state = 'open'";
  for (int i = 2; b.number(rejected) == 0 && std::chrono::steady_clock::now() < deadline; ++i) {
    a.run("insert into child values (" + std::to_string(i) + ", null)");
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(b.number(rejected), 1);
  EXPECT_TRUE(line.logs("has been waiting for 10 s"));
  line.once();
  EXPECT_EQ(line.book("rejected", "public.child"), 1);
  EXPECT_EQ(line.book("captured", "public.child"), line.book("applied", "public.child") + 1);
}

TEST(ScaleOutTopics, OneDeletedUnderLoadStopsAMemberAndIsNamed) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  line.configure("partitions = 2\n[[table]]\nsource = \"public.one\"\n[[table]]\nsource = \"public.two\"\n", kByKey);
  line.migrate_and_copy();
  const Process capture = line.start("capture");
  Process member = line.start("apply");
  line.a().run("insert into one values (1, 1)");
  EXPECT_TRUE(line.b().becomes("select count(*) from one", "1", 10));
  const std::string topic = line.topic("one");
  Broker(line.servers().kafka).delete_topics({topic});
  Database a = line.a();
  for (int i = 0; i < 2'000 && member.running(); ++i) {
    a.run("insert into two values (" + std::to_string(i) + ", 1)");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(member.wait(1s), 4);
  EXPECT_TRUE(line.logs("topic " + topic + " is gone", 1s));
}

// A as it was some changes ago, in the place of A.
class EarlierCopyOfA {
 public:
  explicit EarlierCopyOfA(const Line& line) : server_(line.servers().a), name_(name_in(line.admin_dsn_a())) {
    Database(server_).run("create database " + name_ + "_earlier template " + name_);
  }
  void take_the_place() const {
    Database admin(server_);
    admin.run("drop database " + name_ + " with (force)");
    admin.run("alter database " + name_ + "_earlier rename to " + name_);
    admin.run("grant create on database " + name_ + " to penstock");
  }

 private:
  static std::string name_in(const std::string& uri) { return uri.substr(uri.rfind('/') + 1); }

  const std::string server_, name_;
};

TEST(ScaleOutLives, AnEarlierCopyOfAIsRefusedAndGoesOnFromEveryPartitionOnceAccepted) {
  Line line;
  line.on_both("create table t (id int primary key, v int)");
  line.configure("partitions = 8\n[[table]]\nsource = \"public.t\"\n", kByKey);
  line.migrate_and_copy();
  line.a().run("insert into t select g, 0 from generate_series(1, 200) as g");
  line.once();
  const EarlierCopyOfA earlier(line);
  line.a().run("update t set v = 1 where id <= 100; delete from t where id > 150; insert into t values (300, 1)");
  line.once();
  earlier.take_the_place();
  const Finished refused = line.run({"run", "--once"});
  EXPECT_EQ(refused.code, 4);
  EXPECT_NE(refused.err.find("penstock migrate --new-epoch"), std::string::npos) << refused.err;
  for (int life = 0; life < 2;
       ++life) {  // the second time there is nothing to delete, and the offsets begin where they did
    const Finished accepted = line.run({"migrate", "--new-epoch"});
    EXPECT_EQ(accepted.code, 0) << accepted.err;
    const Process capture = line.start("capture");
    const std::list<Process> members = start_members(line, 3);
    line.a().run(
        "update t set v = v + 2 where id % 3 = 0; truncate t; insert into t select g, 3 from generate_series(50, 250) "
        "as g");
    line.expect_all_equal({"t"});
    for (const char* book : {"unaccounted", "in_flight", "rejected"}) EXPECT_EQ(line.book(book, "public.t"), 0) << book;
    EXPECT_EQ(line.book("captured", "public.t"), line.book("applied", "public.t"));
  }
}

}  // namespace
}  // namespace penstock::test
