#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "model/position.hpp"

namespace penstock {

// What somebody can do once the chain is broken; ends the sentence that says so.
inline constexpr std::string_view kAcceptThisLife =
    "`penstock migrate --new-epoch` accepts A as it is now and copies everything again";

// "1/305"
std::string name_of(Epoch epoch, BatchNo batch);

// Whether a batch that was heard of (`heard`, by Kafka, by B, by this process) can belong to the past of A whose slot
// stands at `slot`: not where it is above, is the same or the one before with another nonce. Older ones pass: nothing
// is known of them here. Empty: it can. Else what does not fit, and from which batch on A is in doubt.
struct Break {
  std::string what;
  BatchNo since{};
};
std::optional<Break> break_of(const BatchLink& slot, const BatchLink& heard);

}  // namespace penstock
