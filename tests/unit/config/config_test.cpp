#include "config/config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/sql_name.hpp"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / ("penstock-config-" + std::to_string(::getpid()) + ".toml")) {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  Config load() const { return Config::load(path_.string()); }
  std::string complaint() const {
    try {
      load();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), ErrorKind::usage);
      std::string text = failure.what();
      const auto at = text.find(path_.string());
      if (at != std::string::npos) text.replace(at, path_.string().size(), "F");
      return text;
    }
    return "no complaint";
  }

 private:
  std::filesystem::path path_;
};

constexpr const char* kGood = R"([pipeline]
name = "emp"
consistency = "batch"
snapshot = "initial"
retain = "0s"
[source]
dsn = "postgresql://penstock:${PENSTOCK_TEST_PASSWORD}@a.example/hr"
[target]
dsn = "postgresql://penstock@b.example/hr"
[kafka]
bootstrap_servers = "localhost:9092"
topic_prefix = "hr"
partitions = 3
[kafka.producer]
"linger.ms" = 1
[kafka.consumer]
[[table]]
source = "public.employee_a"
target = "public.employee_b"
key = ["emp_id"]
before = "key"
on_drift = "wait"
triggers = "on"
[[rule]]
table = "public.employee_a"
name = "salary_above_10000"
check = "salary > 10000"
[http]
listen = "127.0.0.1:8787"
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("PENSTOCK_TEST_PASSWORD", "s3cret", 1); }
};

TEST_F(ConfigTest, ReadsTheExampleOfTheContract) {
  const Config config = ConfigFile(kGood).load();
  EXPECT_EQ(config.pipeline.name, "emp");
  EXPECT_EQ(config.source.dsn, "postgresql://penstock:s3cret@a.example/hr");
  EXPECT_EQ(config.pipeline.retain.count(), 0);
  EXPECT_EQ(ConfigFile(with("\"0s\"", "\"36h\"")).load().pipeline.retain.count(), 36 * 3'600);
  EXPECT_EQ(config.kafka.partitions, 3);
  EXPECT_EQ(config.kafka.producer.at("linger.ms"), "1");
  ASSERT_EQ(config.tables.size(), 1u);
  EXPECT_EQ(config.tables[0].target, "public.employee_b");
  EXPECT_EQ(config.tables[0].key, std::vector<std::string>{"emp_id"});
  ASSERT_EQ(config.rules.size(), 1u);
  EXPECT_EQ(config.rules[0].check, "salary > 10000");
}

struct Wrong {
  std::string text;
  std::string complaint;
};

TEST_F(ConfigTest, EveryMistakeIsNamedWithItsPlace) {
  const std::vector<Wrong> all = {
      {with("topic_prefix", "topik_prefix"),
       "F:12:1: unknown key \"topik_prefix\" in [kafka]; did you mean \"topic_prefix\"?"},
      {with("topic_prefix = \"hr\"", ""), "F:10:1: [kafka] needs \"topic_prefix\""},
      {with("topic_prefix = \"hr\"", "topic_prefix = \"h/r\""), "F:12:16: a topic prefix has letters"},
      {with("topic_prefix = \"hr\"", "topic_prefix = \"\""), "F:12:16: \"topic_prefix\" is empty"},
      {with("partitions = 3", "partitions = 10001"), "F:13:14: \"partitions\" must be from 1 to 10000"},
      {with("partitions = 3", "partitions = 2.5"), "F:13:14: \"partitions\" must be a whole number"},
      {with("partitions = 3", "partition = 3"),
       "F:13:1: unknown key \"partition\" in [kafka]; did you mean \"partitions\"?"},
      {with("partitions = 3", "partitions = \"3\""), "F:13:14: \"partitions\" must be a whole number"},
      {with("partitions = 3", "partitions = 0"), "F:13:14: \"partitions\" must be from 1 to 10000"},
      {with("name = \"emp\"", "name = \"Emp 1\""), "F:2:8: a pipeline's name"},
      {with("name = \"emp\"", "name = 7"), "F:2:8: \"name\" must be a text"},
      {with("name = \"emp\"", "name = \"" + std::string(32, 'a') + "\""), "F:2:8: a pipeline's name"},
      {with("name = \"emp\"", ""), "F:1:1: [pipeline] needs \"name\""},
      {with("[source]", "[sauce]"), "F:6:2: unknown section [sauce] in the file; did you mean [source]?"},
      {with("[source]\ndsn = \"postgresql://penstock:${PENSTOCK_TEST_PASSWORD}@a.example/hr\"", ""),
       "the file has no [source] section"},
      {with("[[table]]", "[table]"), "F:17:1: \"table\" must be written [[table]]"},
      {with("[kafka.producer]\n\"linger.ms\" = 1", "producer = 1"), "F:14:12: \"producer\" must be a section"},
      {with("[http]", "[htp]"), "unknown section [htp] in the file; did you mean [http]?"},
      {with("\"batch\"", "\"bach\""), "F:3:15: \"consistency\" must be \"batch\" or \"key\""},
      {with("\"initial\"", "\"sometimes\""), "F:4:12: \"snapshot\" must be"},
      {with("\"0s\"", "\"soon\""), "F:5:10: \"retain\" must be a duration"},
      {with("\"0s\"", "\"h\""), "F:5:10: \"retain\" must be a duration"},
      {with("\"0s\"", "\"-1h\""), "F:5:10: \"retain\" must be a duration"},
      {with("\"0s\"", "\"9999d\""), "F:5:10: \"retain\" must be 366d at most"},
      {with("PENSTOCK_TEST_PASSWORD", "PENSTOCK_NOT_SET"),
       "F:7:7: the environment variable PENSTOCK_NOT_SET is not set"},
      {with("${PENSTOCK_TEST_PASSWORD}", "${oops"), "F:7:7: \"${\" without"},
      {with("\"public.employee_a\"", "\"employee_a\""),
       "F:18:10: \"employee_a\" is not a table's name with its schema"},
      {with("\"public.employee_a\"", "\"dlq.employee_a\""), "F:18:10: a schema called dlq"},
      {with("\"public.employee_a\"", "\"public.*\""), "F:19:10: the tables of public.* cannot all go to"},
      {with("key = [\"emp_id\"]", "key = \"emp_id\""), "F:20:7: \"key\" must be a list of texts"},
      {with("key = [\"emp_id\"]", "key = [\"a\", \"a\"]"), "F:20:7: \"key\" names a column twice"},
      {with("before = \"key\"", "before = \"full\""),
       "F:21:10: before = \"full\" is not supported by this version yet"},
      {with("table = \"public.employee_a\"", "table = \"public.employee_b\""), "which no [[table]] has as its source"},
      {with("check = \"salary > 10000\"", ""), "[[rule]] needs \"check\""},
      {with("[http]", "[[table]]\nsource = \"public.Employee_A\"\n[http]"),
       "F:29:10: public.Employee_A is named by two"},
      {with("listen", "lisen"), "F:29:1: unknown key \"lisen\" in [http]; did you mean \"listen\"?"},
      {with("127.0.0.1:8787", "127.0.0.1"), "F:29:10: \"listen\" must be an address and a port"},
      {with("127.0.0.1:8787", "127.0.0.1:70000"), "F:29:10: \"listen\" must be an address and a port"},
      {with("on_drift = \"wait\"", "on_drift = \"panic\""),
       "F:22:12: \"on_drift\" must be \"wait\", \"ignore\" or \"reject\""},
      {with("triggers = \"on\"", "triggers = \"some\""), "F:23:12: \"triggers\" must be \"on\" or \"off\""},
      {with("triggers = \"on\"", "triggers = true"), "F:23:12: \"triggers\" must be a text"},
      {with("key = [\"emp_id\"]", "key = [7]"), "F:20:8: \"key\" must be a list of texts"},
      {with("[http]",
            "[[rule]]\ntable = \"public.employee_a\"\nname = \"salary_above_10000\"\ncheck = \"true\"\n[http]"),
       "F:31:9: two rules of public.employee_a are called \"salary_above_10000\""},
      {with("[http]", "[[table]]\nsource = \"public.x\"\ntarget = \"public.employee_b\"\n[http]"),
       "F:29:10: public.employee_b is the target of two"},
      {with("\"public.employee_b\"", "'\"Odd.b'"), "F:19:10: \"\"Odd.b\" is not a table's name"},
      {with("[kafka.consumer]", "[kafka.consumer]\nx = 1.5"), "F:17:5: \"x\" must be a text, a whole number"},
      {with("retain = \"0s\"", "retain = "), "F:5:10: not TOML"},
      {with("name = \"emp\"", "name = \"emp\"\nname = \"emp\""), "F:3:"},
  };
  for (const auto& wrong : all) EXPECT_THAT(ConfigFile(wrong.text).complaint(), HasSubstr(wrong.complaint));
}

TEST_F(ConfigTest, NeverRepeatsAConnectionString) {
  for (const char* dsn : {"dsn = \"postgresql://u:s3cret@h/db\"\nx = 1", "dsn = [\"s3cret\"]",
                          "dsn = \"s3cret\" s3cret", "dsn = postgresql://u:s3cret@h/db", "dsn = s3cret",
                          "dsn = \"postgresql://u:s3cret@h/db", "dsn = \"s3cret\"\ndsn = \"s3cret\"",
                          "dsn = \"${s3cret\"", "dsn = \"s3cret\\q\"", "dsn \"s3cret\"", "dsn = 'a' # s3cret\x01"}) {
    const std::string complaint = ConfigFile(with("dsn = \"postgresql://penstock@b.example/hr\"", dsn)).complaint();
    EXPECT_THAT(complaint, HasSubstr("F:"));
    EXPECT_THAT(complaint, Not(HasSubstr("s3cret")));
  }
}

TEST_F(ConfigTest, ADoubledDollarIsADollarBeforeABrace) {
  const Config config = ConfigFile(with("salary > 10000", "city <> '$${PENSTOCK_TEST_PASSWORD}' and a > '$5'")).load();
  EXPECT_EQ(config.rules[0].check, "city <> '${PENSTOCK_TEST_PASSWORD}' and a > '$5'");
}

TEST_F(ConfigTest, AFileThatIsNotThereIsSaid) {
  try {
    Config::load("/nowhere/penstock.toml");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), ErrorKind::usage);
    EXPECT_THAT(failure.what(), HasSubstr("--config"));
  }
}

TEST(SqlName, FoldsAndUnquotesAsTheServerDoes) {
  const auto name = parse_sql_name("Public.\"K e \"\"y\"");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->schema, "public");
  EXPECT_EQ(name->table, "K e \"y");
  for (const char* bad : {"", "a", "a.", ".b", "a.b.c", "a b.c", "\"a.b", "\"\".b", "1a.b", "a.b "}) {
    EXPECT_FALSE(parse_sql_name(bad)) << bad;
  }
  const auto pattern = SqlPattern::parse("\"S*\".Order_*");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->is_name());
  EXPECT_TRUE(pattern->matches({"S*", "order_"}) && pattern->matches({"S*", "order_x_y"}));
  EXPECT_FALSE(pattern->matches({"Sx", "order_x"}) || pattern->matches({"S*", "orders"}));
  EXPECT_EQ(SqlPattern::parse("copies.*")->filled({"a", "B"})->table, "B");
  EXPECT_FALSE(SqlPattern::parse("copies.b_*")->filled({"a", "b_c"}));
  EXPECT_EQ(parse_sql_identifier("Emp_Id"), "emp_id");
  EXPECT_EQ(parse_sql_identifier("\"K \"\"2\""), "K \"2");
  for (const char* bad : {"", "K 2", "a.b", "\"a", "1a"}) EXPECT_FALSE(parse_sql_identifier(bad)) << bad;
}

}  // namespace
}  // namespace penstock
