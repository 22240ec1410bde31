#pragma once
// Which records are acknowledged, though partitions acknowledge out of order. Internal to kafka/.
#include <cstdint>
#include <deque>

#include "base/check.hpp"

namespace penstock::kafka {

// Sequence numbers start at 1; one byte for each record between the oldest outstanding and the newest.
class Acknowledgements {
 public:
  std::uint64_t next() {
    done_.push_back(false);
    return through_ + done_.size();
  }
  // What would come next, before it is certain that it will.
  std::uint64_t upcoming() const { return through_ + done_.size() + 1; }

  void acknowledge(std::uint64_t sequence) {
    PENSTOCK_CHECK(sequence > through_ && sequence <= through_ + done_.size());
    done_[sequence - through_ - 1] = true;
    while (!done_.empty() && done_.front()) {
      done_.pop_front();
      ++through_;
    }
  }
  std::uint64_t through() const { return through_; }
  bool all() const { return done_.empty(); }

 private:
  std::uint64_t through_ = 0;
  std::deque<char> done_;  // of through_ + 1 and later
};

}  // namespace penstock::kafka
