#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apply/offsets.hpp"
#include "apply/table/table_applier.hpp"
#include "base/stop.hpp"
#include "pg/connection.hpp"

namespace penstock::apply {

// Whether B does not truncate a table because of a foreign key to it.
bool truncate_is_refused(const pg::Error& error);

// One of several tables that can only be truncated together is truncated in a piece of a batch, and the others may be
// in other pieces.
class TruncateNeedsWholeBatch : public Failure {
 public:
  TruncateNeedsWholeBatch()
      : Failure(ErrorKind::transient,
                "a large batch truncates tables that foreign keys join: taking it as a whole, not in pieces") {}
};

// Everything that belongs to one connection to B. Dies with it; the next one begins from what B says.
class TargetSession {
 public:
  struct Options {
    std::string pipeline;
    std::string dsn;
    std::span<const TableSpec> tables;
    bool alone = true;  // one applier at a time; else any number of them (consistency = "key")
  };

  // Connects, waits for the pipeline's lock (another applier may hold it, or `migrate`), loads the newest offsets,
  // prepares the statements of every table. nullptr: stop was requested meanwhile.
  static Task<std::unique_ptr<TargetSession>> open(const Options& options, StopToken& stop);

  pg::Connection& connection() { return connection_; }
  std::vector<TableApplier>& tables() { return tables_; }
  const std::string& pipeline() const { return pipeline_; }

  // B's newest offsets row, as loaded or as written last by this session.
  Offsets offsets;
  // Under consistency = "key": the truncates that B has executed, the newest of each table.
  Truncated truncated;
  std::map<std::size_t, std::int64_t> truncated_by;  // A's transactions

  // In one statement: a foreign key may join them. Deletes their rows where B refuses to truncate.
  Task<void> truncate(std::span<const std::size_t> tables, bool of_whole_batch);  // TruncateNeedsWholeBatch
  void append_truncate(RoundTrip& trip, std::span<const std::size_t> tables) const;
  // The same of one table, by `row_by_row` where foreign keys of others would not have it truncated.
  void append_emptying(RoundTrip& trip, std::size_t table, std::string row_by_row) const;
  // Asks for a sign of life, so that a frozen process can be told from an idle one (idle_session_timeout).
  Task<void> ping();
  // What the ledger holds of each table: others write to it under consistency = "key".
  Task<void> load_open_rejects();
  // Reads what was truncated on B.
  Task<void> load_truncates();
  // Deletes old rows of penstock.offsets.
  Task<void> trim_offsets();
  // Deletes rejects that were closed long ago from the ledger. False: there may be more of them.
  Task<bool> trim_ledger();

 private:
  TargetSession(pg::Connection connection, std::string pipeline)
      : connection_(std::move(connection)), pipeline_(std::move(pipeline)) {}
  Task<void> configure(bool alone);
  Task<bool> stand_by(bool alone, StopToken& stop);
  Task<void> load(std::span<const TableSpec> tables);
  Task<bool> others_refer_to(std::span<const std::size_t> tables);
  Task<void> delete_all(std::span<const std::size_t> tables);
  void append_delete_all(RoundTrip& trip, std::span<const std::size_t> tables) const;
  void append_emptying(RoundTrip& trip, std::span<const std::size_t> tables,
                       std::string (*statement)(const std::vector<std::string>&)) const;

  pg::Connection connection_;
  std::string pipeline_;
  std::vector<TableApplier> tables_;
  std::int64_t trimmed_epoch_ = 0, trimmed_batch_ = 0;  // no offsets before these are left
};

}  // namespace penstock::apply
