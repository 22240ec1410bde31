// A crash of A empties unlogged tables, and no trigger fires.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Unlogged : public testing::Test {
 protected:
  // Two that a foreign key joins (copied in the order of their names), a logged one, and a partitioned one of which a
  // crash takes a half.
  Unlogged() {
    line_.a().run(
        "create unlogged table parents (id int primary key, v int); create unlogged table pupils (id int primary "
        "key, "
        "parent int references parents); create table logged (id int primary key, v int);"
        "create table parts (id int primary key, v int) partition by range (id); create table parts_low partition of "
        "parts "
        "for values from (0) to (100); create unlogged table parts_high partition of parts for values from (100) to "
        "(200)");
    line_.b().run(
        "create table parents (id int primary key, v int); create table pupils (id int primary key, parent int "
        "references parents); create table logged (id int primary key, v int); create table parts (id int primary key, "
        "v "
        "int)");
    std::string tables;
    for (const char* table : {"parents", "pupils", "logged", "parts"}) {
      tables += "[[table]]\nsource = \"public." + std::string(table) + "\"\n";
    }
    line_.configure(tables);
    fill();
    line_.migrate_and_copy();
    expect_equal();
  }
  void fill() {
    line_.a().run(
        "insert into parents values (1, 1), (2, 2) on conflict do nothing; insert into pupils values (1, 1) on "
        "conflict "
        "do nothing; insert into logged values (1, 1) on conflict do nothing; insert into parts values (1, 1), (101, "
        "1) on "
        "conflict do nothing");
  }
  void crash() {
    own_.kill();
    own_.start();
  }
  void expect_equal() { line_.expect_all_equal({"parents", "pupils", "logged", "parts"}); }

  const OwnServer own_{"a"};
  Line line_{own_.servers};
};

TEST_F(Unlogged, WhatACrashEmptiesIsEmptiedOnBWithoutAWriter) {
  Process replicator = line_.start();
  crash();
  EXPECT_TRUE(
      line_.b().becomes("select (select count(*) from parents) + (select count(*) from pupils) + 10 * (select "
                        "count(*) from parts) + 100 * (select count(*) from logged)",
                        "110", 10));
  EXPECT_THAT(line_.log(), HasSubstr("public.parents may have been emptied by a crash of A"));
  EXPECT_THAT(line_.log(), Not(HasSubstr("public.logged may have been")));
  fill();
  expect_equal();
  EXPECT_EQ(line_.a().number("select count(*) from pupils"), 1);
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST_F(Unlogged, WritersThatAreFasterThanTheReplicatorLoseNothing) {
  crash();
  line_.a().run(
      "insert into parents values (2, 20), (3, 30); update parents set v = 31 where id = 3; insert into parts values "
      "(102, 2)");
  expect_equal();
  EXPECT_EQ(line_.b().value("select string_agg(id || '.' || v, ' ' order by id) from parents"), "2.20 3.31");
  // One that begins before anybody looks, and commits behind the TRUNCATE.
  crash();
  Database late = line_.a();
  late.run("begin; insert into parents values (5, 50)");
  line_.a().run("insert into parents values (6, 60)");
  line_.once();
  late.run("update parents set v = 51 where id = 5; insert into pupils values (5, 5); commit");
  expect_equal();
  EXPECT_EQ(line_.b().number("select count(*) from parents"), 2);
  // An orderly restart empties nothing, and nothing is copied again.
  own_.stop();
  own_.start();
  expect_equal();
  EXPECT_EQ(line_.a().number("select count(*) from parents"), 2);
}

TEST_F(Unlogged, TablesThatBecomeLoggedOrUnloggedStayExact) {
  // While nobody looks: a crash that took the rows of a table which is logged again.
  line_.a().run("alter table logged set unlogged");
  crash();
  line_.a().run("alter table logged set logged; insert into logged values (7, 7)");
  expect_equal();
  EXPECT_EQ(line_.b().value("select string_agg(id::text, ' ' order by id) from logged"), "7");
  // And one that is logged by then keeps them.
  fill();
  line_.a().run("alter table parents set logged; alter table logged set unlogged; update parents set v = v + 1");
  crash();
  expect_equal();
  EXPECT_EQ(line_.b().value("select (select count(*) from parents) || ' ' || (select count(*) from logged)"), "2 0");
}

}  // namespace
}  // namespace penstock::test
