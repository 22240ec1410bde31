#pragma once
#include "rivals/rival.hpp"

namespace penstock::bench {

// PostgreSQL's logical replication, straight from A to B: no Kafka, no rules, a replication slot on A. Its processes
// are the servers' own (walsender, apply worker), so their time counts as A's and B's. "native" waits for each commit
// on B to be flushed, as everybody else does; "native-async" has the default of subscriptions, which does not: after a
// crash of B it is sent again what was lost.
class Native : public Rival {
 public:
  Native(Place place, bool synchronous) : Rival(std::move(place)), synchronous_(synchronous) {}

  std::string name() const override { return synchronous_ ? "native" : "native-async"; }
  void start() override;
  void stop() override;
  void pause() override;
  void resume() override;
  bool copies_truncate() const override { return true; }
  CommitClock clock() const override { return CommitClock::wal; }

 private:
  bool synchronous_;
};

}  // namespace penstock::bench
