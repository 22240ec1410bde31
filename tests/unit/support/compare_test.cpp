// The tests' own proof of A = B: it must see every kind of difference, or every test above it is worth nothing.
#include "support/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Compare, EqualTablesHaveNoDifference) {
  const TableRows rows{{{"1", "(1,a)"}, {"2", "(2,b)"}}, {}};
  EXPECT_THAT(differences(rows, rows), IsEmpty());
  EXPECT_THAT(differences({}, {}), IsEmpty());
}

TEST(Compare, FindsAMissingALeftOverADifferentAndADoubledRow) {
  const TableRows a{{{"1", "(1,a)"}, {"2", "(2,b)"}}, {}};
  const TableRows b{{{"2", "(2,c)"}, {"3", "(3,d)"}}, {"3"}};
  EXPECT_THAT(differences(a, b), ElementsAre("key 3: B holds it more than once", "key 1: A has (1,a), B has nothing",
                                             "key 2: A has (2,b), B has (2,c)", "key 3: A has nothing, B has (3,d)"));
}

TEST(Compare, PassesOverWhatIsExplainedAndNothingElse) {
  const TableRows a{{{"1", "(1,a)"}, {"2", "(2,b)"}}, {}};
  const TableRows b{{{"3", "(3,d)"}}, {}};
  EXPECT_THAT(differences(a, b, {"1", "3"}), ElementsAre("key 2: A has (2,b), B has nothing"));
}

}  // namespace
}  // namespace penstock::test
