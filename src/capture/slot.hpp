#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/change.hpp"

namespace penstock::capture {

// The newest row of penstock.slot: where the pipeline stands on A.
struct Slot {
  enum class Kind {
    open,      // the batch was opened, and perhaps sent in part
    progress,  // the same, sent and acknowledged up to `progress`
    ack,       // every record of the batch is acknowledged
  };

  Kind kind = Kind::ack;
  int step = 0;
  BatchHeader batch;  // number 0 before the first; batch.snapshot is the slot's `open`
  std::string acked;  // pg_snapshot: the batch is what is visible in batch.snapshot and not in this
  Progress progress;
  bool has_slice = false;              // a piece of the backfill is stored with the batch
  std::vector<std::string> backfills;  // relations whose backfill is not done
  std::vector<std::string> requested;  // relations with rows that were asked for by key

  std::string at;  // when the row was written, as last read from A

  BatchLink link() const { return {batch.epoch, batch.number, batch.nonce, batch.previous}; }
  bool acknowledged() const { return kind == Kind::ack; }
};

}  // namespace penstock::capture
