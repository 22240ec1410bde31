#pragma once
#include <compare>
#include <cstdint>

namespace penstock {

// The numbers that identify a change (design: the rules of the protocol).
enum class Epoch : std::int64_t {};    // which life of A this is
enum class BatchNo : std::int64_t {};  // counts up by one within an epoch
enum class Nonce : std::int64_t {};    // random, one a batch: two batches of one number have different ones

// A batch, and what it says of the one before: a link of the chain that is one life of A.
struct BatchLink {
  Epoch epoch{};
  BatchNo batch{};
  Nonce nonce{};
  Nonce previous{};
};

// Slice rows (backfill) come behind the journal's rows of their batch: cdc_id = kSliceCdcId + piece.
inline constexpr std::int64_t kSliceCdcId = std::int64_t{1} << 62;

// Where a change stands: total order, equal on every re-reading of its batch.
struct Position {
  Epoch epoch{};
  BatchNo batch{};
  std::int64_t cdc_id = 0;
  std::int32_t ordinal = 0;

  auto operator<=>(const Position&) const = default;
};

}  // namespace penstock
