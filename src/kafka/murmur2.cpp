#include "kafka/producer.hpp"

namespace penstock::kafka {

// Austin Appleby's MurmurHash2 with the seed of Kafka's Utils.murmur2; little-endian whatever the machine.
std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiply = 0x5bd1e995;
  constexpr int kShift = 24;
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };

  const std::size_t size = bytes.size();
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(size);
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    std::uint32_t word = at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
    word *= kMultiply;
    word ^= word >> kShift;
    word *= kMultiply;
    hash = hash * kMultiply ^ word;
  }
  if (i < size) {
    for (std::size_t left = size - i; left-- > 0;) hash ^= at(i + left) << (8 * left);
    hash *= kMultiply;
  }
  hash ^= hash >> 13;
  hash *= kMultiply;
  return hash ^ hash >> 15;
}

std::int32_t partition_of(std::string_view key, std::int32_t partitions) {
  // Kafka's Utils.toPositive drops the sign bit; it does not take the absolute value.
  return static_cast<std::int32_t>((murmur2(key) & 0x7fffffffU) % static_cast<std::uint32_t>(partitions));
}

}  // namespace penstock::kafka
