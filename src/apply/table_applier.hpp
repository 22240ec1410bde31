#pragma once
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/batch_plan.hpp"
#include "apply/column_scan.hpp"
#include "apply/table_spec.hpp"
#include "base/task.hpp"
#include "model/json_text.hpp"
#include "pg/connection.hpp"

namespace penstock::apply {

// Steps of one round trip to B, with the texts they borrow.
class RoundTrip {
 public:
  void add(std::string_view statement, pg::Params params) { steps_.push_back({statement, std::move(params), true}); }
  void add_sql(std::string_view sql) { steps_.push_back({sql, {}, false}); }
  // Keeps the text alive as long as the round trip.
  const char* keep(std::string text) { return texts_.emplace_back(std::move(text)).c_str(); }

  std::size_t size() const { return steps_.size(); }
  std::span<const pg::Connection::Step> steps() const { return steps_; }

 private:
  std::vector<pg::Connection::Step> steps_;
  std::deque<std::string> texts_;  // a deque never moves its strings
};

// One target table in one session: its prepared statements and what must be known of it.
class TableApplier {
 public:
  // Has B generate the statements for the table as it is now, and prepares them. Throws pg::Error of kind setup when
  // the table, a column of the key or of a rule, or a privilege is missing.
  static Task<TableApplier> prepare(pg::Connection& connection, const TableSpec& spec, std::size_t number);

  const TableSpec& spec() const { return *spec_; }

  // The statements that put these changes into the table: the last one of each key counts.
  void append_steps(RoundTrip& trip, std::span<const Record* const> changes) const;
  // Deletes the keys of these changes, whatever the changes are.
  void append_delete_keys(RoundTrip& trip, std::span<const Record* const> changes) const;

  // The change's key object as JSON text; "{}" where the image lacks a key column.
  std::string key_of(const Record& change) const;
  // [key,key,…]
  std::string json_array_of_keys(std::span<const Record* const> changes) const;

  // $1 images: returns ord (from 1) and name of the first broken rule, for each image that breaks one.
  std::string_view validate_statement() const { return validate_; }
  // $1 key objects: returns for each, in order, a number that equal keys share.
  std::string_view key_groups_statement() const { return key_groups_; }

  // Only columns that images carry are written, so that B may have more. Has the statements generated anew when an
  // image shows one for the first time in this session. Throws Failure(setup) naming the column when the target lacks
  // it.
  Task<void> follow_columns(pg::Connection& connection, std::span<const Record* const> changes);

  // Deleting a row here would take rows of other tables along (a foreign key's ON DELETE action).
  bool delete_cascades() const { return delete_cascades_; }

  std::int64_t open_rejects = 0;  // in the ledger; with none, nothing needs superseding

 private:
  Task<void> generate(pg::Connection& connection);
  bool follow(std::string_view image);

  const TableSpec* spec_ = nullptr;
  std::size_t number_ = 0;
  std::size_t generation_ = 0;
  ColumnScan columns_{{}};
  KeyExtractor keys_{{}};
  bool delete_cascades_ = false;
  // Names of prepared statements (migrations/target: apply_sql has their parameters).
  std::string upsert_, mixed_delete_, mixed_upsert_, delete_keys_, validate_, key_groups_;
};

}  // namespace penstock::apply
