#include "model/chain.hpp"

#include <utility>

#include <spdlog/fmt/fmt.h>

namespace penstock {

std::string name_of(Epoch epoch, BatchNo batch) {
  return fmt::format("{}/{}", static_cast<std::int64_t>(epoch), static_cast<std::int64_t>(batch));
}

std::optional<Break> break_of(const BatchLink& slot, const BatchLink& heard) {
  const auto next = [](BatchNo batch) { return BatchNo{static_cast<std::int64_t>(batch) + 1}; };
  const std::string name = "batch " + name_of(heard.epoch, heard.batch);
  if (std::pair(heard.epoch, heard.batch) > std::pair(slot.epoch, slot.batch)) {
    const bool same_epoch = heard.epoch == slot.epoch;
    return Break{name + " is there, and A's slot is at " + name_of(slot.epoch, slot.batch) + " only",
                 same_epoch ? next(slot.batch) : BatchNo{1}};
  }
  if (heard.epoch != slot.epoch) return std::nullopt;
  const bool same = heard.batch == slot.batch && heard.nonce != slot.nonce;
  const bool before = next(heard.batch) == slot.batch && heard.nonce != slot.previous;
  if (!same && !before) return std::nullopt;
  return Break{name + " is another one than A's", heard.batch};
}

}  // namespace penstock
