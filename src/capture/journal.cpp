#include "capture/journal.hpp"

#include <random>

#include "base/check.hpp"
#include "model/chain.hpp"
#include "model/counts.hpp"
#include "model/journal_sql.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::capture {
namespace {

namespace sql = penstock::sql::source;

// A first look returns this many rows at most: more than most batches have, few enough to be always affordable.
constexpr int kFirstRows = 64;
// Behind the batch's own columns.
constexpr int kJournalColumn = 6;

Nonce random_nonce() {
  static std::mt19937_64 random{std::random_device{}()};
  return Nonce{static_cast<std::int64_t>(random())};
}

Slot::Kind kind_of(std::string_view text) {
  if (text == "open") return Slot::Kind::open;
  if (text == "progress") return Slot::Kind::progress;
  PENSTOCK_CHECK(text == "ack");
  return Slot::Kind::ack;
}

template <class Number>
std::int64_t number(Number value) {
  return static_cast<std::int64_t>(value);
}

// A relation or several, as a server's text[] never is: one a line.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

Journal::Journal(pg::Connection a, Options options)
    : options_(std::move(options)), a_(std::move(a)), wakeup_(a_, pipeline_) {}

Task<std::unique_ptr<Journal>> Journal::connect(Options options) {
  pg::Connection a = co_await pg::Connection::connect({options.dsn, "A"});
  std::unique_ptr<Journal> journal(new Journal(std::move(a), std::move(options)));
  co_await journal->prepare();
  co_return journal;
}

Task<void> Journal::prepare() {
  co_await a_.script(sql::session);
  // A frozen reader must not hold up its successor: the server cuts it off (from 14 on; we look more often than that,
  // and ping while we wait for Kafka).
  if (a_.server_version() >= 140'000) co_await a_.query("set idle_session_timeout = '20s'");
  const pg::Result name = co_await a_.query("select current_database(), to_regclass('penstock.slot') is not null");
  database_ = name.text(0, 0);
  if (!name.boolean(0, 1)) {
    throw NotInstalled("A has no journal (no table penstock.slot): run `penstock migrate`");
  }
  co_await wakeup_.start();
  co_await a_.prepare("next_batch", journal_sql(sql::next_batch, pipeline_));
  co_await a_.prepare("any_request", "select exists (select from penstock.request where pipeline = $1)");
  co_await a_.prepare("more_rows", journal_sql(sql::more_rows, pipeline_));
  co_await a_.prepare("insert_progress", sql::insert_progress);
  co_await a_.prepare("insert_ack", sql::insert_ack);
}

Task<bool> Journal::try_become_reader() {
  const pg::Result locked =
      co_await a_.query("select pg_try_advisory_lock(penstock.lock_key($1, 'capture'))", pg::Params().add(pipeline_));
  co_return locked.boolean(0, 0);
}

Task<void> Journal::load_slot() {
  const pg::Result row = co_await a_.query(sql::newest_slot, pg::Params().add(pipeline_));
  if (row.empty()) {
    throw NotInstalled("A has no slot for pipeline " + pipeline_ + ": run `penstock migrate`");
  }
  slot_.batch.epoch = Epoch{row.int64(0, 0)};
  slot_.batch.number = BatchNo{row.int64(0, 1)};
  slot_.step = static_cast<int>(row.int64(0, 2));
  slot_.kind = kind_of(row.text(0, 3));
  slot_.batch.nonce = Nonce{row.int64(0, 4)};
  slot_.batch.previous = row.is_null(0, 5) ? Nonce{} : Nonce{row.int64(0, 5)};
  slot_.acked = row.text(0, 6);
  slot_.batch.snapshot = row.text(0, 7);
  slot_.progress = {};
  if (slot_.kind == Slot::Kind::progress && row.int64(0, 8) > 0) {
    slot_.progress = {row.int64(0, 8), static_cast<std::int32_t>(row.int64(0, 9))};
  }
  slot_.batch.captured = read_counts(row.text(0, 10));
  slot_.backfills = lines_of(row.text(0, 11));
  slot_.has_slice = row.boolean(0, 12);
  slot_.requested = lines_of(row.text(0, 14));
  slot_.at = row.text(0, 15);
  if (!row.boolean(0, 13)) {
    throw Failure(ErrorKind::safety,
                  "A's transaction ids are behind the slot's (" + slot_.batch.snapshot +
                      "), or its cluster is another one: A lives another life (a dump restored?). In doubt is what was "
                      "committed since " +
                      slot_.at + ": B may have what A has not; " + std::string(kAcceptThisLife));
  }
}

pg::Params Journal::next_batch_params(bool even_empty) const {
  pg::Params params;
  params.add(pipeline_).add(number(random_nonce())).add(std::int64_t{kFirstRows});
  params.add(even_empty);
  if (ticks_.empty()) {
    params.add_null();
  } else {
    params.add(ticks_.front());
  }
  return params;
}

Task<Journal::Found> Journal::look(Look how) {
  std::vector<pg::Connection::Step> steps;
  const bool lock_first = how == Look::after_locking && wakeup_.triggers_notify();
  if (lock_first) steps.push_back(wakeup_.lock_step());
  if (how == Look::after_unlocking) steps.push_back(wakeup_.unlock_step());
  const bool may_sleep = lock_first || how == Look::still_locked;
  if (may_sleep) steps.push_back({"any_request", pg::Params::of(pipeline_)});
  steps.push_back({"next_batch", next_batch_params(false)});
  std::vector<pg::Result> results = co_await a_.pipeline(steps);
  Found found;
  found.locked = how == Look::still_locked || (lock_first && results.front().boolean(0, 0));
  found.requested = may_sleep && results[results.size() - 2].boolean(0, 0);
  found.first_rows = take_batch(std::move(results.back()));
  // Nothing up to a tick says nothing of now.
  while (!found.first_rows && has_ticks()) {
    ticks_.pop();
    const pg::Params params = next_batch_params(false);
    pg::Result rows = co_await a_.execute("next_batch", params);
    found.first_rows = take_batch(std::move(rows));
  }
  if (has_ticks()) ticks_.pop();
  co_return found;
}

Task<void> Journal::tick() {
  const pg::Result now = co_await a_.query("select pg_current_snapshot()");
  ticks_.add(std::string(now.text(0, 0)));
}

// Makes the batch that the statement opened the slot's; nothing where it found nothing.
std::optional<JournalRows> Journal::take_batch(pg::Result rows) {
  if (rows.empty()) return std::nullopt;
  if (rows.int64(0, 0) != number(slot_.batch.epoch) || rows.int64(0, 1) != number(slot_.batch.number) + 1) {
    throw Failure(ErrorKind::transient, "A: the slot is not where this process left it: reading it anew");
  }
  slot_.acked = std::move(slot_.batch.snapshot);
  slot_.batch.previous = slot_.batch.nonce;
  slot_.batch.number = BatchNo{rows.int64(0, 1)};
  slot_.batch.nonce = Nonce{rows.int64(0, 2)};
  slot_.batch.snapshot = rows.text(0, 3);
  slot_.batch.captured = read_counts(rows.text(0, 4));
  slot_.kind = Slot::Kind::open;
  slot_.step = 0;
  slot_.progress = {};
  slot_.has_slice = false;
  const bool all = rows.boolean(0, 5);
  JournalRows first = journal_rows(std::move(rows), kJournalColumn);
  first.last = all;
  return first;
}

JournalRows Journal::journal_rows(pg::Result rows, int first_column) {
  JournalRows out;
  out.first_column = first_column;
  const int last = rows.rows() - 1;
  if (last >= 0 && !rows.is_null(last, first_column)) {
    out.count = rows.rows();
    out.last_cdc_id = rows.int64(last, first_column);
  }
  out.rows = std::move(rows);
  return out;
}

Task<JournalRows> Journal::open_with_slice(const std::string& relation, int rows_max) {
  JournalRows rows = co_await open_and_store("select penstock.store_slice($1, $2, $3)", relation, rows_max);
  co_return rows;
}

Task<JournalRows> Journal::open_with_requested(const std::string& relation, int rows_max) {
  JournalRows rows = co_await open_and_store("select penstock.store_keys($1, $2, $3)", relation, rows_max);
  co_return rows;
}

// In one REPEATABLE READ transaction, whose one snapshot is the batch's and the slice's.
Task<JournalRows> Journal::open_and_store(std::string_view store, const std::string& relation, int rows_max) {
  PENSTOCK_CHECK(!has_ticks());
  std::vector<pg::Connection::Step> steps(4);
  steps[0] = {"begin isolation level repeatable read", {}, false};
  steps[1] = {"next_batch", next_batch_params(true), true};
  steps[2] = {store, pg::Params::of(pipeline_, relation, rows_max), false};
  steps[3] = {"commit", {}, false};
  std::vector<pg::Result> results = co_await a_.pipeline(steps);
  std::optional<JournalRows> rows = take_batch(std::move(results[1]));
  PENSTOCK_CHECK(rows.has_value());
  // What was written into the slot's row: how far the copy has come, and what the batch counts.
  co_await load_slot();
  co_return std::move(*rows);
}

Task<void> Journal::take_up_requests() {
  const pg::Result there = co_await a_.query("select penstock.take_up_requests($1)", pg::Params::of(pipeline_));
  if (there.boolean(0, 0)) co_await load_slot();
}

Task<pg::Result> Journal::stored_slices(std::int64_t after_piece) {
  pg::Params params = pg::Params::of(pipeline_, number(slot_.batch.epoch), number(slot_.batch.number), after_piece);
  pg::Result slices = co_await a_.query(sql::stored_slices, params);
  co_return slices;
}

Task<JournalRows> Journal::rows_from_the_first(int rows_max) {
  const pg::Result before =
      co_await a_.query(journal_sql(sql::before_batch, pipeline_), pg::Params::of(slot_.acked, slot_.batch.snapshot));
  JournalRows rows = co_await rows_after(before.int64(0, 0), rows_max);
  co_return rows;
}

Task<JournalRows> Journal::rows_after(std::int64_t cdc_id, int rows_max) {
  pg::Params params;
  params.add(slot_.acked).add(slot_.batch.snapshot).add(cdc_id).add(std::int64_t{rows_max});
  pg::Result rows = co_await a_.execute("more_rows", params);
  JournalRows more = journal_rows(std::move(rows), 0);
  more.last = more.count == 0;  // the statement is bounded in bytes too, so that few rows do not mean the end
  co_return more;
}

Task<void> Journal::write_progress(Progress progress) {
  pg::Params params;
  params.add(pipeline_).add(number(slot_.batch.epoch)).add(number(slot_.batch.number)).add(std::int64_t{slot_.step});
  params.add(progress.cdc_id).add(std::int64_t{progress.ordinal});
  co_await append_step("insert_progress", std::move(params));
  slot_.kind = Slot::Kind::progress;
  slot_.progress = progress;
}

Task<void> Journal::acknowledge() {
  pg::Params params;
  params.add(pipeline_).add(number(slot_.batch.epoch)).add(number(slot_.batch.number)).add(std::int64_t{slot_.step});
  co_await append_step("insert_ack", std::move(params));
  slot_.kind = Slot::Kind::ack;
}

Task<void> Journal::append_step(std::string_view statement, pg::Params params) {
  const pg::Result appended = co_await a_.execute(statement, params);
  // Only the holder of the session lock writes the slot.
  PENSTOCK_CHECK(appended.rows() == 1);
  ++slot_.step;
}

Task<std::vector<std::string>> Journal::watch_capture() {
  std::vector<std::string> messages;
  // A statement each: the second one gives up on locks soon.
  for (const char* look : {"notice_crash", "watch_capture"}) {
    const std::string sql = std::string("select message from penstock.") + look + "($1)";
    const pg::Result found = co_await a_.query(sql, pg::Params::of(pipeline_));
    for (int row = 0; row < found.rows(); ++row) messages.emplace_back(found.text(row, 0));
  }
  co_return messages;
}

Task<void> Journal::ping() { co_await a_.query("select 1"); }

Task<bool> Journal::keep_house() {
  const std::string retain = std::to_string(options_.retain.count()) + " s";
  co_await a_.query("select penstock.rotate_ring($1, $2, $3)",
                    pg::Params::of(pipeline_, options_.leaf_bytes_max, retain));
  const pg::Result emptied =
      co_await a_.query("select penstock.empty_leaf($1, $2)", pg::Params::of(pipeline_, retain));
  const bool all_done = emptied.is_null(0, 0) || !emptied.text(0, 0).empty();
  const pg::Result left = co_await a_.query(sql::trim_slot, pg::Params::of(pipeline_, trimmed_epoch_, trimmed_batch_));
  if (!left.empty()) {
    trimmed_epoch_ = left.int64(0, 0);
    trimmed_batch_ = left.int64(0, 1);
  }
  co_return all_done;
}

}  // namespace penstock::capture
