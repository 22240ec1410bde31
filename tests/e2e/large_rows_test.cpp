// Rows of many megabytes: over the limit a dead letter that says what to raise, under a raised one a row like any
// other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;

constexpr const char* kTable = "[[table]]\nsource = \"public.t\"\n";
// 10 MB and 50 MB.
constexpr const char* kOver = "repeat(md5('x'), 327680)";
constexpr const char* kLarge = "repeat(md5('x'), 1638400)";

TEST(LargeRows, OverTheLimitAreDeadLettersThatSayWhatToRaise) {
  Line line;
  line.on_both("create table t (id int primary key, v text)");
  line.a().run(std::string("insert into t values (1, 'x'), (2, ") + kOver + ")");
  line.configure(kTable);
  line.migrate_and_copy();
  line.a().run(std::string("insert into t values (3, 'y'); update t set v = ") + kOver +
               " where id = 3; insert into t values (4, 'z')");
  line.expect_equal("t", "t", "id");
  EXPECT_EQ(line.b().value("select string_agg(id || v, ' ' order by id) from t"), "1x 3y 4z");
  const Finished listed = line.run({"dlq", "list", "--json"});
  EXPECT_THAT(listed.out, HasSubstr("message.max.bytes"));
  line.a().run("update t set v = 'small'");
  line.expect_equal("t", "t", "id");
  EXPECT_EQ(line.b().value("select count(*) from t where v = 'small'"), "4");
}

TEST(LargeRows, OfFiftyMegabytesPassWhereTheLimitIsRaised) {
  Line line;
  line.on_both("create table t (id int primary key, v text)");
  line.configure(kTable, "[kafka.producer]\n\"message.max.bytes\" = 64000000\n");
  line.migrate_and_copy();
  line.a().run(std::string("insert into t values (1, 'x'), (2, ") + kLarge + "); insert into t values (3, 'y')");
  line.expect_equal("t", "t", "id");
  EXPECT_EQ(line.b().value("select length(v) from t where id = 2"), "52428800");
  EXPECT_EQ(line.admin_b().value("select count(*) from penstock.dead_letter"), "0");
}

}  // namespace
}  // namespace penstock::test
