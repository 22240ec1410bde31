#include <gtest/gtest.h>

#include <cstring>

#include "pg/params.hpp"

namespace penstock::pg {
namespace {

TEST(Params, KeepsCopiesAliveWhenMoved) {
  Params params = Params::of(std::string("a text that is too long for the small string optimisation"), -7, true);
  params.add_null();
  for (int i = 0; i < 1'000; ++i) params.add(i);
  const Params moved = std::move(params);
  ASSERT_EQ(moved.size(), 1'004);
  EXPECT_STREQ(moved.values()[0], "a text that is too long for the small string optimisation");
  EXPECT_STREQ(moved.values()[1], "-7");
  EXPECT_STREQ(moved.values()[2], "t");
  EXPECT_EQ(moved.values()[3], nullptr);
  EXPECT_STREQ(moved.values()[4], "0");
  EXPECT_STREQ(moved.values()[1'003], "999");
}

TEST(Params, BorrowsWithoutCopying) {
  const std::string image(1'000, 'x');
  Params params;
  params.add_ref(image.c_str());
  EXPECT_EQ(params.values()[0], image.c_str());
}

TEST(Params, QuotesArrays) {
  const Params params = Params::of(std::vector<std::string>{"emp_id", "K \"e\\y,{}", ""});
  EXPECT_STREQ(params.values()[0], R"({"emp_id","K \"e\\y,{}",""})");
}

}  // namespace
}  // namespace penstock::pg
