#include "base/outage.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 50ms;
// A server that is back is used again within this.
constexpr auto kLongestPause = 1'000ms;
// A session that lived longer than this was a good one: the next failure is a new outage.
constexpr auto kGoodSession = 5s;

std::string text_of(std::exception_ptr failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace

Task<void> Outage::wait(std::exception_ptr failed, StopToken& stop) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_failure_ > kGoodSession) {
    pause_ = kFirstPause;
    last_said_.clear();
  }
  const std::string text = text_of(failed);
  if (text != last_said_) log::warn("{}: {}; trying again until it works", who_, text);
  last_said_ = text;
  co_await stop.sleep_for(pause_);
  pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, kLongestPause);
  last_failure_ = std::chrono::steady_clock::now();
}

}  // namespace penstock
