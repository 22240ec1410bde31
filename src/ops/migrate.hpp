#pragma once
#include <string>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::ops {

// Installs or upgrades everything on A, on B and in Kafka; any number of times. What it does is logged; returns how
// many things it changed. Writers of A are never held up for longer than a fraction of a second, and never fail. Throws
// Failure: usage (configuration, tables, topics), setup (rights), transient (a server away, a lock not to be had).
// A that is not the one any more that B was copied from is refused (safety), but with new_epoch: then it is accepted as
// it is, and everything is copied again.
Task<int> migrate(const Config& config, bool new_epoch);

// The SQL that migrate would run now, as text. Changes nothing.
Task<std::string> migrate_dry_run(const Config& config);

// Takes the pipeline away from A, B and Kafka, and leaves the user's tables as they were. Refuses while a replicator
// runs.
Task<void> uninstall(const Config& config);

}  // namespace penstock::ops
