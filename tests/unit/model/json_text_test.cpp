#include <gtest/gtest.h>

#include "model/json_text.hpp"

namespace penstock {
namespace {

std::string key_of(const std::vector<std::string>& columns, std::string_view row) {
  std::string out;
  return KeyExtractor(columns).append_key(out, row) ? out : "not found";
}

TEST(KeyExtractor, TakesTheKeysValueAsTheServerWroteIt) {
  EXPECT_EQ(key_of({"emp_id"}, R"({"emp_id":1.00,"city":"Perth"})"), R"({"emp_id":1.00})");
  EXPECT_EQ(key_of({"emp_id"}, R"({"city":"Perth","emp_id":-7})"), R"({"emp_id":-7})");
}

TEST(KeyExtractor, KeepsTheOrderOfTheKeyNotOfTheRow) {
  EXPECT_EQ(key_of({"b", "a"}, R"({"a":1,"x":0,"b":"two"})"), R"({"b":"two","a":1})");
}

TEST(KeyExtractor, IsNotFooledByNestedObjectsOrQuotedText) {
  EXPECT_EQ(key_of({"id"}, R"({"j":{"id":5,"l":[{"id":6}]},"t":"\",\"id\":7","id":8})"), R"({"id":8})");
  EXPECT_EQ(key_of({"id"}, "{\"j\":{ \"id\" : 5,\n\"x\":\"}\"},\"id\":\"a\\\\\",\"z\":1}"), R"({"id":"a\\"})");
}

TEST(KeyExtractor, FindsOddlyNamedColumns) {
  EXPECT_EQ(key_of({"K \"e\" \\y\t"}, R"({"K \"e\" \\y\t":3})"), R"({"K \"e\" \\y\t":3})");
}

TEST(KeyExtractor, SaysWhenAKeyColumnIsNotThere) {
  EXPECT_EQ(key_of({"emp_id"}, R"({"employee_id":1})"), "not found");
  EXPECT_EQ(key_of({"emp_id"}, "{}"), "not found");
}

TEST(ObjectSize, GoesFromBraceToBraceAndNoFurther) {
  EXPECT_EQ(object_size(R"({"a":[1,{"b":"}\"{"}]},{"c":1})"), 22U);
  EXPECT_EQ(object_size("{}"), 2U);
  EXPECT_EQ(object_size("{ \n }rest"), 5U);
  for (const char* text :
       {"", "[1]", "null", "{", R"({"a)", R"({"a\)", R"({"a":1)", R"({"a":[1})", "{1}", R"({"a":1\"})", "{{}"}) {
    EXPECT_EQ(object_size(text), 0U) << text;
  }
}

TEST(AppendJsonString, EscapesAsPostgresDoes) {
  std::string out;
  append_json_string(out, std::string_view("a\"b\\c\n\t\b\f\r\x01/é", 14));
  EXPECT_EQ(out, R"("a\"b\\c\n\t\b\f\r\u0001/é")");
}

}  // namespace
}  // namespace penstock
