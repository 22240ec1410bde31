#pragma once
#include <deque>
#include <string>

namespace penstock::capture {

// Snapshots of A that were taken while no batch could be opened, oldest first: where the next batches end, so that what
// gathered meanwhile comes to B in transactions of a bounded time, not in one. (PgQ's ticks, kept in memory: without
// them a batch is larger and no less exact.)
class Ticks {
 public:
  // Where there are too many every second one goes.
  void add(std::string snapshot);
  void pop() { snapshots_.pop_front(); }
  const std::string& front() const { return snapshots_.front(); }
  bool empty() const { return snapshots_.empty(); }

 private:
  std::deque<std::string> snapshots_;
};

}  // namespace penstock::capture
