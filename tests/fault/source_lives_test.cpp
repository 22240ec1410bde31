// A that is not the A any more that B was copied from, and the one accident of its kind that changes nothing: an
// orderly switchover. fault/README.md, "Lives of A".
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_proxy.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/tally.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

void shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

// A's address stays, whoever stands behind it.
class SourceLives : public testing::Test {
 protected:
  SourceLives() {
    line_.create_employees();
    add_tally(line_);
    line_.migrate_and_copy();
  }

  Servers behind_proxy() {
    Servers servers = first_.servers;
    proxy_.forward_to(host_of(servers.a));
    servers.a = with_host(servers.a, proxy_.address());
    return servers;
  }
  void put_in_place(const OwnServer& server) {
    proxy_.forward_to(host_of(server.servers.a));
    proxy_.reset();
  }
  void write(std::chrono::milliseconds duration = 1'500ms) {
    const WriterReport written = write_employees(
        line_.dsn_a(), {.connections = 3, .duration = duration, .bad_share = 0.05, .seed = ++seed_, .pause = 5ms});
    EXPECT_EQ(written.failed, 0) << written.first_error;
  }
  void expect_current(double seconds) {
    const std::string id = std::to_string(++marker_);
    line_.a().run("insert into employee_a values (" + id + ", 'A', 'B', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(line_.b().becomes("select count(*) from employee_b where emp_id = " + id, "1", seconds));
  }
  void expect_all_equal() {
    line_.expect_equal();
    expect_equal_tallies(line_);
    EXPECT_EQ(line_.book("captured"), line_.book("applied") + line_.book("rejected"));
    EXPECT_EQ(line_.book("unaccounted"), 0);
    EXPECT_EQ(line_.book("in_flight"), 0);
  }
  // Every command that could go on from there says what is in doubt, and the way on.
  void expect_broken_chain() {
    for (const auto& command : {std::vector<std::string>{"run"}, {"migrate"}, {"status"}}) {
      const Finished refused = line_.run(command, 30s);
      EXPECT_EQ(refused.code, 4) << command[0] << refused.err;
      EXPECT_THAT(refused.err, AllOf(HasSubstr("n doubt"), HasSubstr("penstock migrate --new-epoch"))) << command[0];
    }
  }
  void expect_stop(Process& replicator) {
    EXPECT_EQ(replicator.wait(30s), 4);
    EXPECT_THAT(line_.log(), AllOf(HasSubstr("n doubt is"), HasSubstr("penstock migrate --new-epoch")));
  }
  // The way on, with writers at work from before to after it.
  void accept_this_life() {
    std::thread load([this] { write(3s); });
    const Finished accepted = line_.run({"migrate", "--new-epoch"});
    EXPECT_EQ(accepted.code, 0) << accepted.err;
    Process replicator = line_.start();
    load.join();
    expect_current(10);
    expect_all_equal();
    replicator.send(SIGTERM);
    EXPECT_EQ(replicator.wait(15s), 0);
  }

  // Has looked at Kafka, and reads the journal.
  Process start_reader() {
    const auto readers = [this] {
      const std::string log = line_.log();
      int count = 0;
      for (auto at = log.find("reading the journal"); at != log.npos; at = log.find("reading the journal", at + 1))
        ++count;
      return count;
    };
    const int before = readers();
    Process reader = line_.start("capture");
    for (int i = 0; i < 200 && readers() == before; ++i) std::this_thread::sleep_for(50ms);
    EXPECT_GT(readers(), before);
    return reader;
  }

  std::string database() const { return line_.admin_dsn_a().substr(line_.admin_dsn_a().rfind('/') + 1); }
  std::string dump_file() const { return (std::filesystem::path(line_.toml()).parent_path() / "dump").string(); }
  void dump() { shell("pg_dump -d '" + line_.admin_dsn_a() + "' > " + dump_file()); }
  // Anew, in whatever server stands behind A's address now.
  void create_database() {
    Database server(line_.servers().a);
    for (const char* role : {"penstock", "app"}) {
      if (server.number("select count(*) from pg_roles where rolname = '" + std::string(role) + "'") == 0)
        server.run("create role " + std::string(role) + " login");
    }
    server.run("grant app to penstock");
    server.run("drop database if exists " + database() + " with (force)");
    server.run("create database " + database());
    server.run("grant create on database " + database() + " to penstock");
  }
  void restore() {
    create_database();
    shell("psql -XqAt -o /dev/null -v ON_ERROR_STOP=1 -d '" + line_.admin_dsn_a() + "' -f " + dump_file());
  }

  FaultProxy proxy_;
  const OwnServer first_{"a"};
  Line line_{behind_proxy()};
  unsigned seed_ = 0;
  int marker_ = 900'000;
};

TEST_F(SourceLives, ASwitchoverPassesAndAFailoverThatLostCommitsStops) {
  const OwnServer second(first_, OwnServer::Copy::standby);
  Process replicator = line_.start();
  write();
  first_.stop();  // sends all it has to the standby first
  second.promote();
  put_in_place(second);
  expect_current(10);
  write();
  EXPECT_TRUE(replicator.running());
  expect_all_equal();

  const OwnServer third(second, OwnServer::Copy::standby);
  Database on_third(third.servers.a);
  on_third.run("alter system set primary_conninfo = ''");
  on_third.run("select pg_reload_conf()");
  EXPECT_TRUE(on_third.becomes("select count(*) from pg_stat_wal_receiver", "0", 10));
  write();
  expect_current(10);
  second.kill();
  third.promote();
  put_in_place(third);
  expect_stop(replicator);
  expect_broken_chain();
  accept_this_life();
}

TEST_F(SourceLives, ACloneIsNotTakenForAAndABackupIsAcceptedOnlyWhenAsked) {
  Process replicator = line_.start();
  write();
  const OwnServer clone(first_, OwnServer::Copy::alone);
  write();
  expect_current(10);
  put_in_place(clone);
  expect_stop(replicator);
  expect_broken_chain();
  // Nothing is broken as long as the clone wrote nothing.
  put_in_place(first_);
  Process back = line_.start();
  expect_current(10);
  expect_all_equal();
  back.send(SIGTERM);
  EXPECT_EQ(back.wait(15s), 0);

  put_in_place(clone);
  accept_this_life();
  put_in_place(first_);
  expect_broken_chain();
}

TEST_F(SourceLives, TwoThatAreAliveAtOnceAreToldApartByB) {
  line_.once();
  const OwnServer clone(first_, OwnServer::Copy::alone);
  // Neither can know of the other before both have written.
  Process of_first = start_reader();
  const std::string toml = read_file(line_.toml());
  std::ofstream(line_.toml()) << with_host(toml, host_of(clone.servers.a));
  Process of_clone = start_reader();
  std::ofstream(line_.toml()) << toml;
  Database on_clone(with_host(line_.admin_dsn_a(), host_of(clone.servers.a)));
  on_clone.run("insert into employee_a values (800001, 'Of', 'Clone', date '2010-01-01', 'C', 20000)");
  line_.a().run("insert into employee_a values (800002, 'Of', 'First', date '2010-01-01', 'C', 20000)");
  Process applier = line_.start("apply");
  expect_stop(applier);
}

TEST_F(SourceLives, ARestoredDumpAndADatabaseMadeAnewAreNoticed) {
  write(500ms);
  line_.once();
  dump();
  write(500ms);
  line_.once();
  // Into the same cluster: its transaction ids go on.
  restore();
  write(500ms);
  expect_broken_chain();
  accept_this_life();

  // Into another one, whose transaction ids begin anew.
  dump();
  const OwnServer other("a");
  put_in_place(other);
  restore();
  write(500ms);
  expect_broken_chain();
  accept_this_life();

  create_database();
  line_.admin_a().run("grant all on schema public to app");
  line_.a().run(
      "create table employee_a (emp_id serial, first_name varchar(100), last_name varchar(100), dob date, city "
      "varchar(100), salary int); create table tally (emp_id int, city text); insert into employee_a values (1, 'F', "
      "'L', date '2010-01-01', 'C', 20000)");
  const Finished refused = line_.run({"run"}, 30s);
  EXPECT_EQ(refused.code, 4) << refused.err;
  expect_broken_chain();
  accept_this_life();
}

}  // namespace
}  // namespace penstock::test
