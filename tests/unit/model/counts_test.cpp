#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/counts.hpp"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ReadCounts, KeepsNamesAndNumbersInOrder) {
  EXPECT_THAT(read_counts(R"({"public.b": 2, "public.\"A\"": 9000000000})"),
              ElementsAre(Pair("public.b", 2), Pair("public.\"A\"", 9'000'000'000)));
  EXPECT_THAT(read_counts("{}"), ElementsAre());
}

TEST(ReadCounts, AnythingElseIsABugOfOurs) {
  for (const char* text : {"", "[]", R"({"a":"b"})", R"({"a":1)"}) EXPECT_THROW(read_counts(text), Failure) << text;
}

}  // namespace
}  // namespace penstock
