// B refuses, for a while, in every way it knows, while writers write on A. Never is a row rejected for it, and each
// time the program goes on by itself.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/small_disk.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kSomebodyWaits =
    "select count(*) > 0 from pg_stat_activity where pid <> pg_backend_pid() and cardinality(pg_blocking_pids(pid)) > "
    "0";

// The first line decides; what stands behind it is the server's own file.
void put_in_front(const std::string& file, const std::string& line) {
  const std::string old = read_file(file);
  std::ofstream(file) << line << "\n" << old;
}

// Writes B's write-ahead log until the server has nowhere to put it. Whether it came down.
bool panics(const std::string& dsn) {
  try {
    Database superuser(dsn);
    for (int megabyte = 0; megabyte < 500; ++megabyte) {
      superuser.run("select pg_logical_emit_message(false, 'ballast', repeat('x', 1048576))");
    }
  } catch (const SqlError&) {
    return true;
  }
  return false;
}

// It comes back by itself where recovery finds room; else it ended, and is started.
void start_until_it_answers(const OwnServer& own) {
  for (int i = 0; i < 300; ++i) {
    try {
      Database(own.start());
      return;
    } catch (const std::runtime_error&) {
      std::this_thread::sleep_for(100ms);
    }
  }
  FAIL() << "B did not come back";
}

class TargetAccidents : public testing::Test {
 protected:
  TargetAccidents() {
    line_.create_employees();
    create_copies(line_);
    line_.migrate_and_copy();
    keep_history(line_.a());
    replicator_.emplace(line_.start());
    load_.emplace(line_);
    expect_moving("at the start");
  }

  // A change made now is on B within seconds, and not as a dead letter.
  void expect_moving(const std::string& after_what) {
    const std::string id = std::to_string(++marker_);
    line_.a().run("insert into employee_a values (" + id + ", 'After', 'Accident', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(line_.b().becomes("select count(*) from employee_b where emp_id = " + id, "1", 20))
        << "not moving again " << after_what;
    EXPECT_TRUE(replicator_->running()) << "exited " << after_what;
  }

  // Hurts B until the program has said so in these words, mends it, and expects that the line moves again.
  template <class Hurt, class Mend>
  void accident(const std::string& words, Hurt hurt, Mend mend) {
    const std::size_t said = times_said(words);
    hurt();
    for (int i = 0; i < 9'000 && times_said(words) == said && replicator_->running(); ++i) {
      std::this_thread::sleep_for(10ms);
    }
    EXPECT_GT(times_said(words), said) << "the program did not say: " << words;
    mend();
    expect_moving("after: " + words);
  }

  std::size_t times_said(const std::string& words) const {
    const std::string log = line_.log();
    std::size_t times = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++times;
    return times;
  }

  // The program's sessions on B end; it must connect anew.
  void cut_sessions() {
    Database(own_.servers.b)
        .run(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'penstock' and pid <> "
            "pg_backend_pid()");
  }
  // Statements that must not share a transaction, in a session that may write whatever B's default is.
  // Tests may run as root, PostgreSQL never does.
  void give_to_server(const std::string& file) {
    struct stat data {};
    ::stat(Database(own_.servers.b).value("show data_directory").c_str(), &data);
    ASSERT_EQ(::chown(file.c_str(), data.st_uid, data.st_gid), 0);
  }
  void admin(const std::vector<std::string>& statements) {
    Database superuser(own_.servers.b);
    superuser.run("set default_transaction_read_only = off");
    for (const auto& sql : statements) superuser.run(sql);
  }

  void TearDown() override {
    const WriterReport written = load_->stop();
    EXPECT_EQ(written.failed, 0) << written.first_error;
    line_.expect_equal();
    EXPECT_EQ(rows_of_copies(line_.a()), rows_of_copies(line_.b()));
    // Nothing but broken rules was rejected, and nothing was counted twice.
    EXPECT_EQ(line_.admin_b().number("select count(*) from penstock.dead_letter where stage <> 'rule'"), 0);
    EXPECT_EQ(line_.book("captured"), changes_of(line_.a()));
    EXPECT_EQ(line_.book("captured"), line_.book("applied") + line_.book("rejected"));
    EXPECT_TRUE(replicator_->running());
  }

  const SmallDisk disk_{64};
  const OwnServer own_{"b", "max_connections=20 superuser_reserved_connections=5"};
  Line line_{own_.servers};
  std::optional<Process> replicator_;
  std::optional<Load> load_;
  int marker_ = 900'000;
};

TEST_F(TargetAccidents, ABThatRefusesConnectionsIsWaitedFor) {
  std::vector<Database> others;
  accident(
      "53300",
      [&] {
        // Whoever is faster gets a free one: until it is not the program.
        const std::size_t said = times_said("53300");
        for (int i = 0; i < 100 && times_said("53300") == said; ++i) {
          cut_sessions();
          try {
            while (true) others.push_back(line_.b());
          } catch (const SqlError&) {  // none is left
          }
        }
      },
      [&] { others.clear(); });

  accident(
      "too many connections for role",
      [&] {
        admin({"alter role penstock connection limit 0"});
        cut_sessions();
      },
      [&] { admin({"alter role penstock connection limit -1"}); });

  const std::string hba = Database(own_.servers.b).value("show hba_file");
  const std::string before = read_file(hba);
  const auto reload = [&] { admin({"select pg_reload_conf()"}); };
  accident(
      "28000",
      [&] {
        put_in_front(hba, "host all penstock all reject");
        reload();
        cut_sessions();
      },
      [&] {
        std::ofstream(hba) << "host all penstock all scram-sha-256\n" << before;
        reload();
      });

  // From here on passwords count.
  accident(
      "28P01",
      [&] {
        admin({"alter role penstock password 'changed-meanwhile'"});
        cut_sessions();
      },
      [&] { admin({"alter role penstock password 's3cret-of-the-tests'"}); });
  EXPECT_EQ(line_.log().find("changed-meanwhile"), std::string::npos);
}

TEST_F(TargetAccidents, AReadOnlyBIsWaitedFor) {
  accident(
      "25006",
      [&] {
        admin({"alter system set default_transaction_read_only = on", "select pg_reload_conf()"});
      },
      [&] {
        admin({"alter system reset default_transaction_read_only", "select pg_reload_conf()"});
      });
  accident(
      "25006",
      [&] {
        admin({"alter role penstock set default_transaction_read_only = on"});
        cut_sessions();
      },
      [&] { admin({"alter role penstock reset default_transaction_read_only"}); });
}

TEST_F(TargetAccidents, AFullTablespaceIsWaitedFor) {
  const std::string place = (disk_.path() / "tablespace").string();
  std::filesystem::create_directory(place);
  give_to_server(place);
  admin({"create tablespace small location '" + place + "'"});
  // One at a time: both in a transaction would be another deadlock.
  const auto move_to = [&](const std::string& tablespace) {
    for (const char* table : {"employee_b", "copies"}) {
      line_.admin_b().run("alter table " + std::string(table) + " set tablespace " + tablespace);
    }
  };
  move_to("small");
  expect_moving("in another tablespace");
  accident(
      "53100",
      [&] {
        disk_.fill();
        line_.a().run(
            "insert into employee_a select g, repeat('F', 100), repeat('L', 100), date '2010-01-01', 'C', "
            "20000 from generate_series(100001, 105000) as g");
      },
      [&] { disk_.free(); });
  EXPECT_TRUE(line_.b().becomes("select count(*) from employee_b where emp_id between 100001 and 105000", "5000", 10));
  move_to("pg_default");
  admin({"drop tablespace small"});
}

TEST_F(TargetAccidents, OthersWhoWriteOnBCostNoRow) {
  line_.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 "
      "from generate_series(100001, 100500) as g");
  ASSERT_TRUE(line_.b().becomes("select count(*) from employee_b where emp_id between 100001 and 100500", "500", 10));
  const auto touch = [](int id) { return "update employee_b set city = city where emp_id = " + std::to_string(id); };
  // The other one never gives way: it is us whom the server chooses.
  accident(
      "40P01",
      [&] {
        Database other = line_.admin_b();
        other.run("set deadlock_timeout = '60s'; begin; " + touch(100'500));
        line_.a().run("update employee_a set city = 'deadlock' where emp_id between 100001 and 100500");
        ASSERT_TRUE(line_.admin_b().becomes(kSomebodyWaits, "t", 10));
        other.run(touch(100'001) + "; commit");
      },
      [] {});
  // A lock that is held for a while.
  {
    Database other = line_.admin_b();
    other.run("begin; lock table employee_b in access exclusive mode");
    ASSERT_TRUE(line_.admin_b().becomes(kSomebodyWaits, "t", 10));
    other.run("commit");
    expect_moving("after a lock on the table");
  }
  // Defaults that somebody gave the role: ours are set per session.
  admin({"alter role penstock set default_transaction_isolation = serializable",
         "alter role penstock set statement_timeout = 1", "alter role penstock set lock_timeout = 1",
         "alter role penstock set idle_in_transaction_session_timeout = 1"});
  cut_sessions();
  expect_moving("with a role whose defaults are narrow");
  admin({"alter role penstock reset all"});
}

TEST_F(TargetAccidents, AStandbyIsWaitedForUntilItIsPromoted) {
  const std::string data = Database(own_.servers.b).value("show data_directory");
  accident(
      "25006",
      [&] {
        std::ofstream(data + "/standby.signal").close();
        give_to_server(data + "/standby.signal");
        own_.stop();
        own_.start();
      },
      [&] { admin({"select pg_promote()"}); });
}

using SoakTargetAccidents = TargetAccidents;

TEST_F(SoakTargetAccidents, ALockHeldForOverAMinuteIsSaid) {
  Database other = line_.admin_b();
  accident(
      "55P03",
      [&] {
        other.run("begin; lock table employee_b in access exclusive mode");
        ASSERT_TRUE(line_.admin_b().becomes(kSomebodyWaits, "t", 10));
        load_->stop();  // a minute's work of theirs would take B minutes
      },
      [&] { other.run("commit"); });
}

// Everything of B lies on the disk, its write-ahead log too: PostgreSQL cannot but stop.
TEST(WholeDiskOfB, FullAndFreedAgainCostsNothingButTheWait) {
  const SmallDisk disk(160);
  const OwnServer own("b", "max_wal_size=64MB min_wal_size=32MB", disk.path());
  Line line(own.servers);
  line.create_employees();
  create_copies(line);
  line.migrate_and_copy();
  keep_history(line.a());
  Process replicator = line.start();
  Load load(line);
  disk.fill();
  line.a().run(
      "insert into employee_a select g, repeat('F', 100), repeat('L', 100), date '2010-01-01', 'C', 20000 "
      "from generate_series(100001, 120000) as g");
  for (int i = 0; i < 1'000 && line.log().find("53100") == std::string::npos; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_THAT(line.log(), HasSubstr("No space left on device"));
  ASSERT_TRUE(panics(own.servers.b)) << "a full disk did not stop B";
  disk.free();
  start_until_it_answers(own);
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b where emp_id between 100001 and 120000", "20000", 20));
  EXPECT_TRUE(replicator.running());
  EXPECT_EQ(load.stop().failed, 0);
  line.expect_equal();
  EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
  EXPECT_EQ(line.admin_b().number("select count(*) from penstock.dead_letter where stage <> 'rule'"), 0);
  EXPECT_EQ(line.book("captured"), changes_of(line.a()));
}

}  // namespace
}  // namespace penstock::test
