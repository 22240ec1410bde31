#include "apply/target_session.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "base/log.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

using namespace std::chrono_literals;

constexpr auto kStandbyInterval = 500ms;
// Rejects deleted from the ledger in one go, so that batches wait for milliseconds.
constexpr int kTrimRejects = 10'000;

}  // namespace

bool truncate_is_refused(const pg::Error& error) { return error.sqlstate() == "0A000"; }

Task<std::unique_ptr<TargetSession>> TargetSession::open(const Options& options, StopToken& stop) {
  pg::ConnectOptions where(options.dsn, "B");
  pg::Connection connection = co_await pg::Connection::connect(std::move(where));
  std::unique_ptr<TargetSession> session(new TargetSession(std::move(connection), options.pipeline));
  co_await session->configure(options.alone);
  const bool ours = co_await session->stand_by(options.alone, stop);
  if (!ours) co_return nullptr;
  co_await session->load(options.tables);
  co_return session;
}

Task<void> TargetSession::configure(bool alone) {
  // A frozen applier must not hold up its successor: the server cuts it off, in a transaction or (from 14 on, we ping
  // while idle) between two.
  // One of several has its successors at work as soon as the group has given it up.
  co_await connection_.query(alone ? "set idle_in_transaction_session_timeout = '60s'"
                                   : "set idle_in_transaction_session_timeout = '6s'");
  // A time-out meant for people would end a big batch for ever; text of A is read as the capture wrote it. A lock that
  // somebody holds for a minute is given up and asked for again: so it is said, and nobody waits for ours meanwhile.
  co_await connection_.script(
      "set statement_timeout = 0; set lock_timeout = '60s'; set DateStyle = 'ISO, MDY'; set TimeZone = 'UTC'; set "
      "IntervalStyle = 'postgres';"
      "set lc_monetary = 'C'; set bytea_output = 'hex'; set extra_float_digits = 1; set array_nulls = on; set "
      "xmloption = 'content'; set standard_conforming_strings = on");
  if (connection_.server_version() >= 140'000) co_await connection_.query("set idle_session_timeout = '20s'");
  const std::array<std::pair<std::string_view, std::string_view>, 11> statements{{
      {"insert_offsets", sql::target::insert_offsets},
      {"finish_offsets", sql::target::finish_offsets},
      {"insert_partition_offsets", sql::target::insert_partition_offsets},
      {"finish_partition_offsets", sql::target::finish_partition_offsets},
      {"expect_truncates", sql::target::expect_truncates},
      {"claim_truncate", sql::target::claim_truncate},
      {"place_dead_letters", sql::target::place_dead_letters},
      {"insert_dead_letters", sql::target::insert_dead_letters},
      {"supersede", sql::target::supersede},
      {"supersede_all", sql::target::supersede_all},
      {"take_back", sql::target::take_back},
  }};
  for (std::size_t i = 0; i < statements.size(); ++i)
    co_await connection_.prepare(statements[i].first, statements[i].second);
}

// A second applier stands by here; B tells which of the two is first. Appliers that share the partitions share the
// lock.
Task<bool> TargetSession::stand_by(bool alone, StopToken& stop) {
  const std::string_view sql = alone ? "select pg_try_advisory_lock(penstock.lock_key($1, 'apply'))"
                                     : "select pg_try_advisory_lock_shared(penstock.lock_key($1, 'apply'))";
  bool said = false;
  while (!stop.requested()) {
    const pg::Result lock = co_await connection_.query(sql, pg::Params().add(pipeline_));
    if (lock.boolean(0, 0)) co_return true;
    if (!said) log::info("apply: another process applies {}; standing by to take over", pipeline_);
    said = true;
    co_await stop.sleep_for(kStandbyInterval);
  }
  co_return false;
}

Task<void> TargetSession::load(std::span<const TableSpec> tables) {
  offsets = co_await load_offsets(connection_, pipeline_);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    TableApplier table = co_await TableApplier::prepare(connection_, tables[i], i);
    tables_.push_back(std::move(table));
  }
  co_await load_open_rejects();
}

Task<void> TargetSession::load_open_rejects() {
  const pg::Result open = co_await connection_.query(sql::target::count_open_rejects, pg::Params().add(pipeline_));
  for (auto& table : tables_) table.open_rejects = 0;
  for (int row = 0; row < open.rows(); ++row) {
    for (auto& table : tables_) {
      if (table.spec().relation == open.text(row, 0)) table.open_rejects = open.int64(row, 1);
    }
  }
}

Task<void> TargetSession::load_truncates() {
  const pg::Result done = co_await connection_.query(sql::target::executed_truncates, pg::Params().add(pipeline_));
  truncated.clear();
  truncated_by.clear();
  for (int row = 0; row < done.rows(); ++row) {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (tables_[i].spec().relation != done.text(row, 0)) continue;
      truncated[i] = {Epoch{done.int64(row, 1)}, BatchNo{done.int64(row, 2)}, done.int64(row, 3),
                      static_cast<std::int32_t>(done.int64(row, 4))};
      truncated_by[i] = done.int64(row, 5);
    }
  }
}

void TargetSession::append_truncate(RoundTrip& trip, std::span<const std::size_t> tables) const {
  trip.add_sql("set constraints all immediate");  // what is deferred to the commit would stand in its way
  append_emptying(trip, tables, [](const std::vector<std::string>& names) {
    return fmt::format("truncate {}", fmt::join(names, ", "));
  });
}

// In one statement as well, behind which the foreign keys among these tables are looked at.
void TargetSession::append_delete_all(RoundTrip& trip, std::span<const std::size_t> tables) const {
  append_emptying(trip, tables, [](const std::vector<std::string>& names) {
    std::string text = "with";
    for (std::size_t i = 0; i < names.size(); ++i) {
      text += fmt::format("{} d{} as (delete from {})", i > 0 ? "," : "", i, names[i]);
    }
    return text + " select";
  });
}

// A table that was truncated twice stands there twice: PostgreSQL takes that for once.
void TargetSession::append_emptying(RoundTrip& trip, std::span<const std::size_t> tables,
                                    std::string (*statement)(const std::vector<std::string>&)) const {
  std::vector<std::string> firing, silent;
  for (const std::size_t table : tables) {
    (tables_[table].spec().triggers ? firing : silent).push_back(tables_[table].own_rows());
  }
  if (!firing.empty()) trip.add_sql(trip.keep(statement(firing)));
  if (silent.empty()) return;
  trip.silence_triggers();
  trip.add_sql(trip.keep(statement(silent)));
  trip.resume_triggers();
}

void TargetSession::append_emptying(RoundTrip& trip, std::size_t table, std::string row_by_row) const {
  if (row_by_row.empty()) return append_truncate(trip, std::span<const std::size_t>(&table, 1));
  const bool silent = !tables_[table].spec().triggers;
  // As TRUNCATE would: waits for units under way, and makes the next ones wait, which then look what was truncated.
  trip.add_sql(trip.keep("lock table only " + tables_[table].spec().target + " in share row exclusive mode"));
  if (silent) trip.silence_triggers();
  trip.add_sql(trip.keep(std::move(row_by_row)));
  if (silent) trip.resume_triggers();
}

Task<void> TargetSession::truncate(std::span<const std::size_t> tables, bool of_whole_batch) {
  RoundTrip trip;
  trip.add_sql("savepoint penstock_truncate");
  append_truncate(trip, tables);
  trip.add_sql("release savepoint penstock_truncate");
  bool refused = false;
  try {
    co_await connection_.pipeline(trip.steps());
  } catch (const pg::Error& e) {
    if (connection_.broken() || !truncate_is_refused(e)) throw;
    refused = true;
  }
  if (!refused) co_return;
  co_await connection_.script("rollback to savepoint penstock_truncate");
  const bool parted = !of_whole_batch && co_await others_refer_to(tables);
  if (parted) throw TruncateNeedsWholeBatch();
  co_await delete_all(tables);
}

Task<bool> TargetSession::others_refer_to(std::span<const std::size_t> tables) {
  std::vector<std::string> these, all;
  for (const std::size_t table : tables) these.push_back(tables_[table].spec().target);
  for (const auto& table : tables_) all.push_back(table.spec().target);
  const pg::Result others = co_await connection_.query(sql::target::truncated_together, pg::Params::of(these, all));
  co_return others.boolean(0, 0);
}

// A foreign key of B alone, or of a table whose truncation A has not captured, lets nobody truncate; deleting does what
// that key says. Where it says no, only the owner of its rows knows what is to become of them.
Task<void> TargetSession::delete_all(std::span<const std::size_t> tables) {
  RoundTrip trip;
  append_delete_all(trip, tables);
  try {
    co_await connection_.pipeline(trip.steps());
  } catch (const pg::Error& e) {
    if (e.kind() != ErrorKind::constraint) throw;
    throw Failure(
        ErrorKind::setup,
        fmt::format("{} was truncated on A, but rows of B refer to it: {}; delete those, or drop the foreign key",
                    tables_[tables.front()].spec().target, e.what()));
  }
}

Task<void> TargetSession::ping() { co_await connection_.query("select 1"); }

Task<void> TargetSession::trim_offsets() {
  const pg::Result left =
      co_await connection_.query(sql::target::trim_offsets, pg::Params::of(pipeline_, trimmed_epoch_, trimmed_batch_));
  if (left.empty()) co_return;
  trimmed_epoch_ = left.int64(0, 0);
  trimmed_batch_ = left.int64(0, 1);
}

Task<bool> TargetSession::trim_ledger() {
  const pg::Result gone = co_await connection_.query(sql::target::trim_ledger, pg::Params::of(pipeline_, kTrimRejects));
  co_return gone.rows() < kTrimRejects;
}

}  // namespace penstock::apply
