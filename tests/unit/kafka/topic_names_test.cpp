#include <gtest/gtest.h>

#include "kafka/admin.hpp"

namespace penstock::kafka {
namespace {

TEST(TopicNames, ATableIsPrefixSchemaTable) {
  EXPECT_EQ(table_topic("hr", "public", "employee_a"), "hr.public.employee_a");
  EXPECT_EQ(dead_letter_topic("hr", "emp"), "hr.dlq.emp");
}

TEST(TopicNames, OtherBytesAreEscaped) {
  EXPECT_EQ(table_topic("hr", "Odd Name", "K e.y"), "hr.Odd_x20Name.K_x20e_x2ey");
  EXPECT_EQ(table_topic("hr", "s", "caf\xc3\xa9"), "hr.s.caf_xc3_xa9");
}

TEST(TopicNames, APrefixMayHaveItsOwnDots) { EXPECT_EQ(table_topic("eu.hr", "s", "t"), "eu.hr.s.t"); }

TEST(TopicNames, DifferentTablesNeverShareATopic) {
  // Without the second rule of escaping these would.
  EXPECT_EQ(table_topic("hr", "s", "a.b"), "hr.s.a_x2eb");
  EXPECT_EQ(table_topic("hr", "s", "a_x2eb"), "hr.s.a_x5fx2eb");
  EXPECT_NE(table_topic("hr", "a.b", "c"), table_topic("hr", "a", "b.c"));
  EXPECT_EQ(table_topic("hr", "s", "a_xy"), "hr.s.a_xy");  // no escape: left alone
  EXPECT_EQ(table_topic("hr", "s", "a_x2"), "hr.s.a_x2");
}

TEST(TopicNames, ALongNameIsCutAndHashed) {
  std::string cyrillic;
  for (int i = 0; i < 31; ++i) cyrillic += "\xd0\xb6";  // 62 bytes, PostgreSQL takes 63; escaped 248
  const std::string one = table_topic("hr", "public", cyrillic + "1");
  const std::string two = table_topic("hr", "public", cyrillic + "2");
  EXPECT_EQ(one.size(), 249U);
  EXPECT_EQ(two.size(), 249U);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, table_topic("hr", "public", cyrillic + "1"));
}

TEST(TopicNames, ANameOfExactlyKafkasLimitIsLeftAlone) {
  const std::string prefix(249 - 4, 'p');
  EXPECT_EQ(table_topic(prefix, "s", "t"), prefix + ".s.t");
  EXPECT_NE(table_topic(prefix + "p", "s", "t"), prefix + "p.s.t");
}

}  // namespace
}  // namespace penstock::kafka
