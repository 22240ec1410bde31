#include <gtest/gtest.h>

#include "kafka/acknowledgements.hpp"

namespace penstock::kafka {
namespace {

TEST(Acknowledgements, NothingSentIsAllAcknowledged) {
  const Acknowledgements none;
  EXPECT_TRUE(none.all());
  EXPECT_EQ(none.through(), 0U);
}

TEST(Acknowledgements, ALaterPartitionDoesNotCoverAnEarlierOne) {
  Acknowledgements three;
  EXPECT_EQ(three.next(), 1U);
  EXPECT_EQ(three.next(), 2U);
  EXPECT_EQ(three.next(), 3U);
  three.acknowledge(3);
  three.acknowledge(2);
  EXPECT_EQ(three.through(), 0U);
  three.acknowledge(1);
  EXPECT_EQ(three.through(), 3U);
  EXPECT_TRUE(three.all());
  EXPECT_EQ(three.next(), 4U);
  EXPECT_FALSE(three.all());
}

TEST(Acknowledgements, ANumberNeverGivenOutIsABug) {
  Acknowledgements one;
  one.next();
  EXPECT_THROW(one.acknowledge(2), Failure);
  one.acknowledge(1);
  EXPECT_THROW(one.acknowledge(1), Failure);
}

}  // namespace
}  // namespace penstock::kafka
