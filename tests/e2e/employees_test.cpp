// The first users' employee sync, from outside: the program, real servers, and checks of the test's own.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kGood = "'Max', 'Smith', date '2010-02-03', 'Sydney', 90432";

// tests/data/proj2_employees.csv as its users load it: M/D/YYYY, and a stray space in the last salary.
void load_sample(Database a) {
  const std::string csv = read_file(PENSTOCK_TEST_DATA "/proj2_employees.csv");
  ASSERT_NE(csv, "") << "tests/data/proj2_employees.csv is not there";
  a.run("create temp table sample (id int, first text, last text, born text, city text, salary int)");
  a.copy_in("copy sample from stdin (format csv, header)", csv);
  a.run("insert into employee_a select id, first, last, to_date(born, 'MM/DD/YYYY'), city, salary from sample");
  a.run("select setval(pg_get_serial_sequence('employee_a', 'emp_id'), 100)");
}

std::vector<std::string> open_rejects(Line& line, const std::string& state = "open") {
  const Finished listed = line.run({"dlq", "list", "--state", state, "--json", "--limit", "100000"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  std::vector<std::string> rejects;
  simdjson::dom::parser parser;
  for (simdjson::dom::element letter : parser.parse(listed.out).get_array()) {
    rejects.push_back(std::string(std::string_view(letter["key"].get_string())) + " " +
                      std::string(std::string_view(letter["rule"].get_string())));
  }
  return rejects;
}

class Employees : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Keys, Employees, testing::Bool(),
                         [](const auto& with) { return with.param ? "PrimaryKey" : "SeedTableWithDeclaredKey"; });

TEST_P(Employees, SampleIsCopiedAndTheSampleRulesRejectItsRows) {
  Line line;
  line.create_employees(GetParam());
  load_sample(line.a());
  line.migrate();
  line.once();
  // All four were born before 2008, so none may reach B.
  EXPECT_EQ(line.b().number("select count(*) from employee_b"), 0);
  EXPECT_EQ(open_rejects(line).size(), 4u);
  EXPECT_EQ(line.book("captured"), 4);
  EXPECT_EQ(line.book("rejected"), 4);
  line.a().run("update employee_a set dob = date '2009-01-01' where emp_id <> 3");
  line.expect_equal();
  EXPECT_EQ(line.b().number("select count(*) from employee_b"), 3);
  EXPECT_THAT(open_rejects(line), ElementsAre("{\"emp_id\":3} born_after_2007"));
}

TEST_P(Employees, EightWritersForTwentySecondsEndEqualButForTheRejects) {
  Line line;
  line.create_employees(GetParam());
  load_sample(line.a());
  line.migrate_and_copy();
  Process replicator = line.start();
  const WriterReport written = write_employees(line.dsn_a(), {.connections = 8, .duration = 20s, .bad_share = 0.05});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  EXPECT_GT(written.changes, 1'000);
  line.expect_equal();
  EXPECT_EQ(line.book("captured"), written.changes + 4);
  EXPECT_EQ(line.book("unaccounted"), 0);
  EXPECT_EQ(line.book("in_flight"), 0);
  // Every row of A that breaks a rule has an open reject with that rule, and B does not have that version.
  Database a = line.a();
  const auto broken =
      a.rows("select emp_id from employee_a where dob < date '2008-01-01' or salary <= 10000 or emp_id < 0");
  std::set<std::string> open;
  for (const auto& reject : open_rejects(line)) open.insert(reject.substr(0, reject.find(' ')));
  for (const auto& row : broken) EXPECT_EQ(open.count("{\"emp_id\":" + row[0] + "}"), 1u) << row[0];
  EXPECT_EQ(open.size(), broken.size());
  replicator.send(SIGTERM);
  EXPECT_EQ(replicator.wait(10s), 0);
}

TEST(EmployeeRules, EachSampleRuleRejectsAndIsNamed) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Database a = line.a();
  a.run("insert into employee_a values (1, 'Old', 'Timer', date '2007-12-31', 'Perth', 20000)");
  a.run("insert into employee_a values (2, 'Low', 'Paid', date '2008-01-01', 'Perth', 10000)");
  a.run("insert into employee_a values (-3, 'Nega', 'Tive', date '2008-01-01', 'Perth', 10001)");
  a.run("insert into employee_a values (4, 'Go', 'Od', date '2008-01-01', 'Perth', 10001)");
  line.expect_equal();
  EXPECT_THAT(open_rejects(line), ElementsAre("{\"emp_id\":1} born_after_2007", "{\"emp_id\":2} salary_above_10000",
                                              "{\"emp_id\":-3} no_negative_id"));
  EXPECT_EQ(line.b().value("select string_agg(emp_id::text, ',') from employee_b"), "4");
}

TEST(EmployeeRules, GoodBadGoodKeepsTheLastGoodRowAndSupersedesTheReject) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Database a = line.a();
  Process replicator = line.start();
  a.run(std::string("insert into employee_a values (1, ") + kGood + ")");
  ASSERT_TRUE(line.b().becomes("select count(*) from employee_b", "1", 10));
  a.run("update employee_a set salary = 5 where emp_id = 1");
  line.once();
  EXPECT_EQ(line.b().value("select salary from employee_b"), "90432");
  EXPECT_THAT(open_rejects(line), ElementsAre("{\"emp_id\":1} salary_above_10000"));
  a.run("update employee_a set salary = 77777 where emp_id = 1");
  line.expect_equal();
  EXPECT_EQ(line.b().value("select salary from employee_b"), "77777");
  EXPECT_TRUE(open_rejects(line).empty());
  EXPECT_EQ(open_rejects(line, "superseded").size(), 1u);
  EXPECT_EQ(line.book("captured"), 3);
  EXPECT_EQ(line.book("applied"), 2);
  EXPECT_EQ(line.book("rejected"), 1);
}

TEST(EmployeeRules, NullPasses) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run("insert into employee_a values (1, 'No', 'Body', null, null, null)");
  line.expect_equal();
  EXPECT_EQ(line.b().number("select count(*) from employee_b"), 1);
}

TEST(EmployeeRules, OneBadRowOfAStatementIsRejectedAlone) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', case g when 500 then 1 else 20000 end "
      "from generate_series(1, 1000) as g");
  line.expect_equal();
  EXPECT_EQ(line.b().number("select count(*) from employee_b"), 999);
  EXPECT_THAT(open_rejects(line), ElementsAre("{\"emp_id\":500} salary_above_10000"));
}

TEST(EmployeeRules, ADeadLetterCarriesTheOriginalBytesAndTheReason) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run("insert into employee_a values (7, 'Low', 'Paid', date '2010-01-01', 'Perth', 3)");
  line.once();
  const Finished shown = line.run({"dlq", "show", "1", "--json"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("salary_above_10000"));
  EXPECT_THAT(shown.out, HasSubstr("__connect.errors.topic"));
  EXPECT_THAT(shown.out, HasSubstr("\\\"first_name\\\":\\\"Low\\\""));
}

TEST(EmployeeLatency, AnInsertIsOnBWithinASecond) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process replicator = line.start();
  ASSERT_TRUE(line.logs("capture: reading") && line.logs("apply: applying"));  // it runs, and is at rest
  line.a().run(std::string("insert into employee_a values (1, ") + kGood + ")");
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b", "1", 1.0));
}

}  // namespace
}  // namespace penstock::test
