#include <gtest/gtest.h>

#include "kafka/producer.hpp"

namespace penstock::kafka {
namespace {

// The vectors of Kafka's own UtilsTest, so that a Java producer with the same key meets us in the same partition.
TEST(Murmur2, AgreesWithKafkasUtils) {
  const std::pair<std::string_view, std::int32_t> vectors[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& [text, hash] : vectors) EXPECT_EQ(static_cast<std::int32_t>(murmur2(text)), hash) << text;
}

TEST(Murmur2, TakesBytesAsUnsigned) {
  // Computed with kafka-clients 4.1.1: Utils.murmur2 of these bytes.
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("\xff\x80\x01")), 1034853807);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2(R"({"emp_id":1})")), 32859700);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("")), 275646681);
}

TEST(PartitionOf, DropsTheSignInsteadOfNegating) {
  // murmur2("21") = -973932308: its low 31 bits are 1173551340, its absolute value would be 973932308.
  EXPECT_EQ(partition_of("21", 1'000), 340);
}

TEST(PartitionOf, IsAlwaysOneOfThePartitions) {
  for (int key = 0; key < 1'000; ++key) {
    const std::int32_t partition = partition_of(std::to_string(key), 7);
    ASSERT_GE(partition, 0);
    ASSERT_LT(partition, 7);
  }
  EXPECT_EQ(partition_of("anything", 1), 0);
}

}  // namespace
}  // namespace penstock::kafka
