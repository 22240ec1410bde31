#pragma once
#include <span>
#include <vector>

#include "apply/dead_letters.hpp"
#include "apply/reject.hpp"
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

  // Marks the open rejects that one of these valid changes of the same key follows.
  Task<void> supersede(std::size_t table, std::span<const Record* const> valid);
  // The same for a truncate: whatever was rejected before it has no row any more to be put right.
  Task<void> supersede_all(std::size_t table, const Position& truncate);

  // The same as steps of somebody else's round trip, whose results go to superseded(). Only for tables with open
  // rejects.
  void append_supersede(RoundTrip& trip, std::size_t table, std::span<const Record* const> valid) const;
  void append_supersede_all(RoundTrip& trip, std::size_t table, const Position& truncate) const;
  void superseded(std::size_t table, const pg::Result& result);

 private:
  TargetSession& session_;
  DeadLetters& letters_;
};

}  // namespace penstock::apply
