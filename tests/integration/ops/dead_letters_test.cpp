// dlq list and show: the ledger by rule, table, key and time, and the letters themselves.
#include <simdjson.h>

#include "integration/ops/ops_test.hpp"
#include "support/broker.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class DeadLetterCommands : public testing::Test {
 protected:
  void SetUp() override {
    line_.create_employees();
    line_.migrate_and_copy();
    line_.a().run(
        "insert into employee_a values (1, 'Ann', 'L', date '2001-01-01', 'C', 20000), "
        "(2, 'Bob', 'L', date '2010-01-01', 'C', 5), (3, 'Cyd', 'L', date '2010-01-01', 'C', 6)");
    line_.once();
  }

  // Keys that `dlq list` gives for these options.
  std::string keys(std::vector<std::string> options) {
    options.insert(options.begin(), {"dlq", "list", "--json"});
    const Finished listed = line_.run(options);
    EXPECT_EQ(listed.code, 0) << listed.err;
    std::string found;
    simdjson::dom::parser parser;
    for (simdjson::dom::element letter : parser.parse(listed.out).get_array()) {
      const std::string_view key = letter["key"].get_string();
      found.append(key.substr(key.find(':') + 1, 1));
    }
    return found;
  }

  Line line_;
};

TEST_F(DeadLetterCommands, AreFoundByRuleTableKeyTimeAndState) {
  EXPECT_EQ(keys({}), "123");
  EXPECT_EQ(keys({"--rule", "salary_above_10000"}), "23");
  EXPECT_EQ(keys({"--table", "Public.Employee_A"}), "123");
  EXPECT_EQ(keys({"--key", "{\"emp_id\":2}"}), "2");
  EXPECT_EQ(keys({"--key", "2"}), "2");
  EXPECT_EQ(keys({"--limit", "2"}), "12");
  EXPECT_EQ(keys({"--since", "1h"}), "123");
  EXPECT_EQ(keys({"--since", "2999-01-01"}), "");
  EXPECT_EQ(keys({"--state", "superseded"}), "");
}

TEST_F(DeadLetterCommands, AQuestionThatCannotBeMeantIsAUsageError) {
  EXPECT_EQ(line_.run({"dlq", "list", "--since", "lately"}).code, 2);
  EXPECT_EQ(line_.run({"dlq", "list", "--table", "public.employees"}).code, 2);
  EXPECT_EQ(line_.run({"dlq", "list", "--state", "lost"}).code, 2);
  EXPECT_EQ(line_.run({"dlq", "show", "4711"}).code, 2);
}

TEST_F(DeadLetterCommands, ShowGivesTheOriginalBytesAndEveryHeader) {
  const Finished shown = line_.run({"dlq", "show", "--rule", "salary_above_10000", "--json"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  const auto records = Broker(line_.servers().kafka).read(line_.dead_letter_topic());
  simdjson::dom::parser parser;
  const simdjson::dom::array letters = parser.parse(shown.out).get_array();
  ASSERT_EQ(letters.size(), 2u);
  for (simdjson::dom::element letter : letters) {
    const std::string_view place = letter["ledger"]["dead_letter"].get_string();
    const auto offset = std::stoul(std::string(place.substr(place.rfind('/') + 1)));
    const KafkaRecord& record = records.at(offset);
    EXPECT_EQ(std::string_view(letter["record"]["value"].get_string()), record.value);
    EXPECT_EQ(std::string_view(letter["record"]["key"].get_string()), record.key.value_or(""));
    for (const auto& [name, value] : record.headers) {
      EXPECT_EQ(std::string_view(letter["record"]["headers"][name].get_string()), value) << name;
    }
    EXPECT_GT(record.headers.size(), 5u);
  }
  const Finished text = line_.run({"dlq", "show", "--key", "2"});
  EXPECT_THAT(text.out, HasSubstr("\"first_name\":\"Bob\""));
  EXPECT_THAT(text.out, Not(HasSubstr("Cyd")));
}

TEST_F(DeadLetterCommands, BytesThatAreNoTextComeAsHexSoThatTheJsonStaysJson) {
  Broker(line_.servers().kafka).produce(line_.topic("employee_a"), {std::string("\xff\x00\x01", 3)});
  line_.a().run("insert into employee_a values (9, 'Dee', 'L', date '2010-01-01', 'C', 20000)");
  line_.once();
  const Finished shown = line_.run({"dlq", "show", "--json"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(shown.out).error(), simdjson::SUCCESS) << shown.out;
  EXPECT_THAT(shown.out, HasSubstr(R"("value_hex":"ff0001")"));
}

}  // namespace
}  // namespace penstock::test
