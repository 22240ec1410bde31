#pragma once
#include "rivals/rival.hpp"

namespace penstock::bench {

// PostgreSQL's logical replication, straight from A to B: no Kafka, no rules, a replication slot on A. Its processes
// are the servers' own (walsender, apply worker), so their time counts as A's and B's.
class Native : public Rival {
 public:
  using Rival::Rival;

  std::string name() const override { return "native"; }
  void start() override;
  void stop() override;
  bool copies_truncate() const override { return true; }
  CommitClock clock() const override { return CommitClock::wal; }
};

}  // namespace penstock::bench
