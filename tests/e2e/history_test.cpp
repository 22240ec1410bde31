// The topic and the ledger against A's own account of what happened, which a trigger of the test's keeps.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/history.hpp"
#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

using Counts = std::map<std::string, long long>;

std::vector<KafkaRecord> records_of(const Line& line, const std::string& topic) {
  return Broker(line.servers().kafka).read(topic);
}

Counts counts(Database database, const std::string& sql) {
  Counts all;
  for (const auto& row : database.rows(sql)) all[row[0]] = std::stoll(row[1]);
  return all;
}

// What the writers do not: rows that break several rules, no negative ids, one bad row in a statement of many.
void break_every_rule(Database a) {
  a.run("insert into employee_a values (-1, 'Nega', 'Tive', date '2010-01-01', 'Perth', 20000)");
  a.run("insert into employee_a values (-2, 'Old', 'Poor', date '2000-01-01', 'Perth', 1)");
  a.run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', case g % 100 when 7 then 9 else 20000 end "
      "from generate_series(1, 500) as g");
  a.run("update employee_a set dob = date '2007-12-31' where emp_id between 11 and 20");
  a.run("update employee_a set dob = date '2008-01-01' where emp_id between 11 and 15");
  a.run("delete from employee_a where emp_id = 16");
  a.run("insert into employee_a values (501, 'No', 'Body', null, 'Perth', null)");
}

TEST(History, TheTopicTellsWhatHappenedToEveryRowInTheOrderOfCommits) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  keep_history(line.a());
  Process replicator = line.start();
  const WriterReport written = write_employees(line.dsn_a(), {.connections = 6, .duration = 5s, .bad_share = 0.05});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  break_every_rule(line.a());
  line.expect_equal();
  const auto records = records_of(line, line.topic("employee_a"));
  const long long changes = changes_of(line.a());
  EXPECT_EQ(line.book("captured"), changes);
  // Nobody was killed, so nothing was sent twice either.
  EXPECT_EQ(static_cast<long long>(records.size()), changes + 1) << "and the control record of the empty copy";
  const History told = history_of(records);
  const History happened = history_of(line.a());
  EXPECT_EQ(told.size(), happened.size());
  int wrong = 0;
  for (const auto& [id, images] : happened) {
    const auto found = told.find(id);
    const bool same = found != told.end() && found->second == images;
    if (!same && ++wrong <= 5) ADD_FAILURE() << "the history of emp_id " << id << " is told wrongly";
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Rejects, StandInTheTopicAndInTheLedgerOnceWithTheRuleThatRefusedThem) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  keep_history(line.a());
  Process replicator = line.start();
  const WriterReport written = write_employees(line.dsn_a(), {.connections = 4, .duration = 4s, .bad_share = 0.2});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  break_every_rule(line.a());
  line.expect_equal();
  const Counts expected = expected_rejects(line.a());
  EXPECT_EQ(expected.size(), 3u) << "the test should break every rule";
  EXPECT_EQ(counts(line.admin_b(), "select rule, count(*) from penstock.dead_letter group by rule"), expected);
  long long all = 0;
  for (const auto& [rule, count] : expected) all += count;
  EXPECT_EQ(line.book("rejected"), all);

  const auto origins = records_of(line, line.topic("employee_a"));
  Counts in_topic;
  int wrong_bytes = 0;
  for (const auto& letter : records_of(line, line.dead_letter_topic())) {
    ++in_topic[letter.header("penstock.rule")];
    const auto at = std::stoull(letter.header("penstock.origin.offset"));
    ASSERT_LT(at, origins.size());
    if (origins[at].value != letter.value || origins[at].key != letter.key) ++wrong_bytes;
  }
  EXPECT_EQ(in_topic, expected);
  EXPECT_EQ(wrong_bytes, 0) << "dead letters do not carry the original key and value";
  // What is open in the ledger is what is bad on A now.
  EXPECT_EQ(line.admin_b().number("select count(distinct key) from penstock.dead_letter where state = 'open'"),
            line.a().number("select count(*) from employee_a where dob < date '2008-01-01' or salary <= 10000 or "
                            "emp_id < 0"));
}

TEST(Rejects, ADeadLetterNamesItsOriginInTheHeadersOfKafkaConnectToo) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run("insert into employee_a values (7, 'Low', 'Paid', date '2010-01-01', 'Perth', 3)");
  line.once();
  const auto letters = records_of(line, line.dead_letter_topic());
  ASSERT_EQ(letters.size(), 1u);
  const KafkaRecord& letter = letters[0];
  EXPECT_EQ(letter.key, "{\"emp_id\":7}");
  EXPECT_THAT(letter.value, HasSubstr("\"first_name\":\"Low\""));
  EXPECT_EQ(letter.header("penstock.stage"), "rule");
  EXPECT_EQ(letter.header("penstock.rule"), "salary_above_10000");
  EXPECT_EQ(letter.header("penstock.origin.topic"), line.topic("employee_a"));
  EXPECT_EQ(letter.header("__connect.errors.topic"), line.topic("employee_a"));
  EXPECT_EQ(letter.header("__connect.errors.offset"), letter.header("penstock.origin.offset"));
  // The headers tell why, not what: values stand in the value alone.
  for (const auto& [name, value] : letter.headers) EXPECT_EQ(value.find("Paid"), std::string::npos) << name;
}

}  // namespace
}  // namespace penstock::test
