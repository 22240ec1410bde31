#pragma once
#include <chrono>
#include <string>

#include "base/stop.hpp"
#include "pg/connection.hpp"

namespace penstock::capture {

// LISTEN/NOTIFY that gets out of the way. A NOTIFY in every commit would take one lock for A's whole cluster until the
// commit is flushed, so a writer's trigger notifies only while the poller sleeps, which it learns from an advisory
// lock:
//
//   poller:  try to lock exclusively -> look once more -> sleep on the socket -> unlock, look
//   trigger: try to lock shared, for the transaction: got it -> the poller is awake, no NOTIFY; not got -> NOTIFY
//
// Why no change is slept over: a transaction that decided not to notify holds the shared lock until it ends, so the
// poller's try fails and it goes on polling; one that comes after the poller's lock notifies. The look between lock and
// sleep finds what was committed just before the lock.
//
// Locking and unlocking travel with the look that follows them, in one round trip (Journal::look).
class Wakeup {
 public:
  Wakeup(pg::Connection& a, std::string pipeline) : a_(a), pipeline_(std::move(pipeline)) {}

  // LISTENs and prepares; learns whether A's triggers may notify at all (not where transactions can be prepared).
  Task<void> start();

  bool triggers_notify() const { return triggers_notify_; }
  pg::Connection::Step lock_step() const;  // its result says whether the lock was got
  pg::Connection::Step unlock_step() const;

  // With the lock held and nothing found: sleeps until a notification (true) or `longest`.
  Task<bool> sleep(std::chrono::milliseconds longest);
  // Whoever sleeps goes on as if that time were over.
  void end_sleep() { a_.end_wait_notification(); }
  // Without the lock and nothing found: a writer is at work (or a stranger holds our lock), so look again soon. The
  // pause grows, and starts over after found_something().
  Task<void> pause();
  void found_something();

 private:
  static constexpr std::chrono::microseconds kShortestPause{300};

  pg::Connection& a_;
  std::string pipeline_;
  bool triggers_notify_ = true;
  std::chrono::microseconds pause_ = kShortestPause;
  int pauses_ = 0;
};

}  // namespace penstock::capture
