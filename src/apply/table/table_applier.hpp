#pragma once
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/batch_plan.hpp"
#include "apply/table/column_scan.hpp"
#include "apply/table/table_spec.hpp"
#include "base/task.hpp"
#include "model/json_text.hpp"
#include "pg/connection.hpp"

namespace penstock::apply {

// Steps of one round trip to B, with the texts they borrow.
class RoundTrip {
 public:
  void add(std::string_view statement, pg::Params params) { steps_.push_back({statement, std::move(params), true}); }
  void add_sql(std::string_view sql) { steps_.push_back({sql, {}, false}); }
  // What is added between the two fires no triggers of B's own: triggers = "off".
  void silence_triggers() { add_sql("set local session_replication_role = replica"); }
  void resume_triggers() { add_sql("set local session_replication_role to default"); }
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
  // Has B generate the statements for the table as it is now, and prepares them. Throws Failure of kind setup when
  // the table, a column of the key or of a rule, or a privilege is missing.
  static Task<TableApplier> prepare(pg::Connection& connection, const TableSpec& spec, std::size_t number);

  const TableSpec& spec() const { return *spec_; }
  bool keyless() const { return spec_->key.empty(); }  // a multiset of rows

  // The statements that put these changes into the table: the last one of each key counts, without a key their sum.
  // That ends with PN001 where a row to be removed is not there. With Inserts::plain rows that A inserted, nothing else
  // among them, end with 23505 where B has one of them: it costs B a quarter less than to look for each first.
  enum class Inserts { over, plain };
  void append_steps(RoundTrip& trip, std::span<const Record* const> changes, Inserts inserts = Inserts::over) const;
  // Without a key: adds the images of these changes, and nothing else.
  void append_inserts(RoundTrip& trip, std::span<const Record* const> changes) const;
  // Without a key: takes a row away for the old image of each of these changes, all of one shape. Returns the step of
  // the round trip whose result has the ordinals (from 1) of those that were not there.
  std::size_t append_remove(RoundTrip& trip, std::span<const Record* const> changes) const;
  // Deletes the keys of these changes, whatever the changes are.
  void append_delete_keys(RoundTrip& trip, std::span<const Record* const> changes) const;

  // The change's key object as JSON text; "{}" where the image lacks a key column. Without a key: what the ledger
  // hashes.
  std::string key_of(const Record& change) const;
  // [key,key,…]
  std::string json_array_of_keys(std::span<const Record* const> changes) const;

  // $1 images: returns ord (from 1) and name of the first broken rule, for each image that breaks one.
  std::string_view validate_statement() const { return validate_; }
  // $1 key objects: returns for each, in order, a number that equal keys share.
  std::string_view key_groups_statement() const { return key_groups_; }

  // An image writes exactly the columns it carries, so each shape of images has statements of its own. Notes the shape
  // in each row's record; the shapes must then be learnt before anything is appended.
  void recognise(Record& record);
  bool must_learn() const { return shapes_.size() < scan_.shapes() || drifting_; }
  // Has B generate the statements of new shapes. Throws Failure(setup) naming the column where a shape does not fit the
  // target and the table is to wait; otherwise the records of such a shape are marked.
  Task<void> learn(pg::Connection& connection, std::span<Record> records);
  // Why the images of a shape do not fit the target: which columns; "" where they do.
  const std::string& drift_of(const Record& record) const { return shapes_[record.shape].drift; }

  // Throws Failure(transient) when the target was altered since it was prepared: the next session prepares it anew.
  // What B refuses is the rows' fault only while the table is the one that the statements were made for.
  Task<void> expect_unaltered(pg::Connection& connection) const;
  // The same, and nobody alters it before the transaction ends.
  Task<void> keep_unaltered(pg::Connection& connection) const;

  // Deleting a row here would take rows of other tables along (a foreign key's ON DELETE action).
  bool delete_cascades() const { return delete_cascades_; }
  // The target as TRUNCATE is to name it: with its partitions, without the tables that inherit from it.
  const std::string& own_rows() const { return own_rows_; }

  std::int64_t open_rejects = 0;  // in the ledger; with none, nothing needs superseding

 private:
  struct Column {
    std::string name;
    std::string member;   // as images name it
    bool needed = false;  // NOT NULL, and nothing but the image fills it
  };
  struct Shape {
    std::string drift;
    // Names of prepared statements: of all tables, of those with a key, of those without.
    std::string insert;
    std::string upsert, mixed_upsert;
    std::string remove;
  };

  Task<void> load_columns(pg::Connection& connection);
  Task<std::string> prepare_statement(pg::Connection& connection, std::string_view kind, std::string_view suffix,
                                      const std::vector<std::string>& columns) const;
  Task<Shape> make_shape(pg::Connection& connection, std::size_t number) const;
  std::string drift_between(const std::vector<std::string>& members, bool& needed) const;
  template <class Append>
  void fire_or_not(RoundTrip& trip, Append append) const;
  void append_runs(RoundTrip& trip, std::span<const Record* const> changes, Inserts inserts) const;
  void append_run(RoundTrip& trip, std::span<const Record* const> changes) const;
  void append_sum(RoundTrip& trip, std::span<const Record* const> changes) const;
  void append_removed(RoundTrip& trip, std::span<const Record* const> changes, bool all_there) const;
  void append_added(RoundTrip& trip, std::span<const Record* const> changes) const;
  void append_deletes(RoundTrip& trip, std::span<const Record* const> changes) const;

  const TableSpec* spec_ = nullptr;
  std::size_t number_ = 0;
  std::vector<Column> columns_;  // of the target
  std::string definition_;       // the same as text, to see when it is altered
  ColumnScan scan_;
  std::vector<Shape> shapes_;
  bool drifting_ = false;  // a record of a shape that does not fit is among those recognised last
  KeyExtractor keys_{{}};
  bool delete_cascades_ = false;
  std::string own_rows_;
  // Names of prepared statements (migrations/target: apply_sql has their parameters).
  std::string mixed_delete_, delete_keys_, validate_, key_groups_;
};

}  // namespace penstock::apply
