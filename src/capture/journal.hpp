#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "capture/change_cursor.hpp"
#include "capture/slot.hpp"
#include "capture/ticks.hpp"
#include "capture/wakeup.hpp"
#include "pg/connection.hpp"

namespace penstock::capture {

// A has no journal, or no slot, of this pipeline.
struct NotInstalled : Failure {
  explicit NotInstalled(const std::string& what) : Failure(ErrorKind::setup, what) {}
};

// Journal rows as one statement returned them, for a ChangeCursor.
struct JournalRows {
  pg::Result rows;
  int first_column = 0;          // where the journal's columns begin
  bool last = false;             // there are no more
  std::int64_t count = 0;        // journal rows
  std::int64_t last_cdc_id = 0;  // of the last one
};

// One pipeline's journal on A: reads batches, keeps the slot. One session, which holds the pipeline's session lock, so
// the slot has one writer (README.md in this folder has the argument).
class Journal {
 public:
  struct Options {
    std::string dsn;  // of A
    std::string pipeline;
    std::chrono::seconds retain{0};          // consumed changes stay in the journal for this long
    std::int64_t leaf_bytes_max = 16 << 20;  // a leaf of the journal that has grown this large is left for the next one
  };
  // Connects and prepares. Throws pg::Error; NotInstalled when `migrate` has not run.
  static Task<std::unique_ptr<Journal>> connect(Options options);

  // False: another process reads this pipeline.
  Task<bool> try_become_reader();
  // Reads the newest slot row. Throws NotInstalled; Failure(safety) when A's transaction ids are behind it, or its
  // cluster is another one (restored from a dump).
  Task<void> load_slot();
  const Slot& slot() const { return slot_; }

  // Looks for what became visible since the slot's snapshot. Finding something opens the next batch (durably, in the
  // same statement) and thereby acknowledges the one before.
  enum class Look { awake, after_locking, still_locked, after_unlocking };
  struct Found {
    bool locked = false;                    // the sleep lock is held
    bool requested = false;                 // and rows are asked for that nobody has taken up
    std::optional<JournalRows> first_rows;  // of the batch that slot() now is; none: nothing new
  };
  Task<Found> look(Look how);
  // While the open batch has to wait: notes how A stands, for a batch to end there. Also a sign of life, so that a
  // frozen process can be told from one that waits (idle_session_timeout).
  Task<void> tick();
  bool has_ticks() const { return !ticks_.empty(); }

  // Not while has_ticks(): opens the next batch, changes or not, with a slice of the backfill at the batch's own
  // snapshot. The slice is stored.
  Task<JournalRows> open_with_slice(const std::string& relation, int rows_max);
  // The same with rows that were asked for by key: as they stand at that snapshot, or the keys of those that are gone.
  Task<JournalRows> open_with_requested(const std::string& relation, int rows_max);
  // Between two batches: learns what others asked to be copied again; slot().backfills and .requested then say it.
  Task<void> take_up_requests();
  // The slices stored with the slot's batch: columns piece, ts_ms, relation, rows, whether they are keys of deleted
  // rows. Some of them at a time: those behind this piece (-1: from the first); none: that was all.
  Task<pg::Result> stored_slices(std::int64_t after_piece);

  // The open batch's first rows, to be sent again; its next rows behind cdc_id.
  Task<JournalRows> rows_from_the_first(int rows_max);
  Task<JournalRows> rows_after(std::int64_t cdc_id, int rows_max);
  // What Kafka has acknowledged of the open batch; the whole of it.
  Task<void> write_progress(Progress progress);
  Task<void> acknowledge();

  // The ring: to the next leaf when this one has grown (or its changes are old), empties consumed leaves, trims slot
  // rows. False: somebody held a leaf that could be emptied, so that another try is worth it soon.
  Task<bool> keep_house();

  // Whether A crashed, and every change is journaled still; gives triggers to those that need them. What is wrong, with
  // the cure.
  Task<std::vector<std::string>> watch_capture();

  // Throws where the session has ended.
  Task<void> ping();

  Wakeup& wakeup() { return wakeup_; }
  const std::string& database() const { return database_; }  // A's name for itself

 private:
  Journal(pg::Connection a, Options options);
  Task<void> prepare();
  pg::Params next_batch_params(bool even_empty) const;
  std::optional<JournalRows> take_batch(pg::Result rows);
  Task<JournalRows> open_and_store(std::string_view store, const std::string& relation, int rows_max);
  static JournalRows journal_rows(pg::Result rows, int first_column);
  Task<void> append_step(std::string_view statement, pg::Params params);

  const Options options_;
  const std::string& pipeline_ = options_.pipeline;
  pg::Connection a_;
  Wakeup wakeup_;
  Ticks ticks_;
  std::string database_;
  Slot slot_;
  std::int64_t trimmed_epoch_ = 0, trimmed_batch_ = 0;  // no slot rows before these are left
};

}  // namespace penstock::capture
