#pragma once
#include <span>
#include <vector>

#include "apply/rejects/dead_letters.hpp"
#include "apply/rejects/reject.hpp"
#include "apply/target_session.hpp"
#include "base/task.hpp"

namespace penstock::apply {

// Rejects, from the dead-letter topic to penstock.dead_letter on B.
class Ledger {
 public:
  Ledger(TargetSession& session, DeadLetters& letters) : session_(session), letters_(letters) {}

  // Sends the rejects, waits for Kafka's acknowledgement, and only then writes them down, in the open transaction: a
  // reject that B knows is in the topic. (The other way round a crash could lose it; this way it may be there twice.)
  Task<void> record(std::span<const Reject> rejects);

  // From hold() to let_go() what is recorded stays unsent, its records borrowed; send_held() sends it and waits for the
  // acknowledgement. For a transaction that may have to be given up: its dead letters would be sent again and again.
  void hold() { holding_ = true; }
  bool holding() const { return holding_; }
  Task<void> send_held();
  void let_go();

  // Marks the open rejects that one of these valid changes of the same key follows. (Without a key: take_back.)
  Task<void> supersede(std::size_t table, std::span<const Record* const> valid);
  // The same for a truncate: whatever was rejected before it has no row any more to be put right.
  Task<void> supersede_all(std::size_t table, const Position& truncate);

  // Of a table without a key: an image that A removes, and that was refused, never came to B. Marks one open reject of
  // it as superseded for each, and returns the changes that had none, whose old images B should have.
  Task<Changes> take_back(std::size_t table, const Changes& removed);

  // The same as steps of somebody else's round trip, whose results go to superseded(). Only for tables with open
  // rejects.
  void append_supersede(RoundTrip& trip, std::size_t table, std::span<const Record* const> valid) const;
  void append_supersede_all(RoundTrip& trip, std::size_t table, const Position& truncate) const;
  // Ends with PN001 where take_back would find one.
  void append_expect_none(RoundTrip& trip, std::size_t table, std::span<const Record* const> changes) const;
  void superseded(std::size_t table, const pg::Result& result);

 private:
  TargetSession& session_;
  DeadLetters& letters_;
  bool holding_ = false;
  std::vector<Reject> held_;
};

}  // namespace penstock::apply
