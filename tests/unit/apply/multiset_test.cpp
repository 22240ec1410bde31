#include "apply/table/multiset.hpp"

#include <gtest/gtest.h>

namespace penstock::apply {
namespace {

class MultisetTest : public testing::Test {
 protected:
  // "" for no image.
  const Record* change(std::string_view old_image, std::string_view image) {
    Record& record = *records_.emplace_back(std::make_unique<Record>());
    record.op = image.empty() ? Op::remove : old_image.empty() ? Op::create : Op::update;
    record.old_image = old_image;
    record.image = image;
    record.position.cdc_id = std::ssize(records_);
    return &record;
  }

 private:
  std::vector<std::unique_ptr<Record>> records_;
};

TEST_F(MultisetTest, KeepsTheSurplusOfEachImageAndTheLastChangesThatAddIt) {
  const Changes all{change("", "x"), change("x", "y"), change("", "x"),
                    change("z", ""), change("y", "x"), change("z", "z")};
  const Multiset sum = sum_up({}, all, Untouched::left_out);
  EXPECT_EQ(sum.added, (Changes{all[2], all[4]}));
  EXPECT_EQ(sum.removed, (Changes{all[3]}));
}

TEST_F(MultisetTest, CancelsWhatIsStillWaiting) {
  const Changes waiting{change("", "x"), change("", "x")}, now{change("x", "y")};
  const Multiset sum = sum_up(waiting, now, Untouched::left_out);
  EXPECT_EQ(sum.added, (Changes{waiting[1], now[0]}));
  EXPECT_TRUE(sum.removed.empty());
}

TEST_F(MultisetTest, ReplacesWhatWasTouchedWhereAskedForAndTakesThatBack) {
  const Changes all{change("x", "x"), change("y", "y"), change("", "z")};
  Multiset sum = sum_up({}, all, Untouched::replaced);
  EXPECT_EQ(sum.removed, (Changes{all[0], all[1]}));
  EXPECT_EQ(sum.added, all);
  sum.removed = {all[1]};  // the only one that was not there
  cancel(sum);
  EXPECT_TRUE(sum.removed.empty());
  EXPECT_EQ(sum.added, (Changes{all[0], all[2]}));
}

}  // namespace
}  // namespace penstock::apply
