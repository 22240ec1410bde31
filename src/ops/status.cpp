#include "ops/status.hpp"

#include <algorithm>

#include <simdjson.h>
#include <spdlog/fmt/fmt.h>

#include "model/counts.hpp"
#include "model/journal_sql.hpp"
#include "model/json_text.hpp"
#include "ops/epoch.hpp"
#include "ops/spec.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

// Behind by this much, and B has not made a step for as long: something does not move.
constexpr double kStalledSeconds = 60;
// The same where only one half is there.
constexpr double kStalledAloneSeconds = 10;
constexpr double kCatchingUpSeconds = 2;

struct Heard {
  std::int64_t captured = 0, applied = 0, rejected = 0;
};
using Books = std::map<std::string, Heard>;

Books read_books(std::string_view json) {
  Books books;
  simdjson::dom::parser parser;
  for (auto [relation, book] : parser.parse(json.data(), json.size()).get_object()) {
    Heard& heard = books[std::string(relation)];
    heard.captured = book["captured"].get_int64();
    heard.applied = book["applied"].get_int64();
    heard.rejected = book["rejected"].get_int64();
  }
  return books;
}

Task<bool> lock_is_held(pg::Connection& connection, const std::string& pipeline, const std::string& what) {
  const pg::Result row = co_await connection.query(sql::common::lock_is_held, pg::Params::of(pipeline, what));
  co_return row.boolean(0, 0);
}

Task<Books> read_b(Status& status, std::string& snapshot, pg::Connection& b) {
  status.apply_alive = co_await lock_is_held(b, status.pipeline, "apply");
  const pg::Result row = co_await b.query(sql::target::newest_offsets, pg::Params::of(status.pipeline));
  if (row.empty()) co_return Books();
  status.epoch = row.int64(0, 0);
  status.batch = row.int64(0, 1);
  snapshot = row.text(0, 4);
  status.poison = row.int64(0, 7);
  status.last_step_seconds = std::stod(std::string(row.text(0, 8)));
  co_return read_books(row.text(0, 6));
}

// Of partitions that move independently: a table's books are those of its partitions together, and what B has heard of
// is what they took.
Task<Books> read_partitions_on_b(Status& status, const PipelineSpec& spec, std::string& snapshot, pg::Connection& b) {
  Books books;
  status.apply_alive = co_await lock_is_held(b, status.pipeline, "apply");
  const pg::Result rows = co_await b.query(sql::target::newest_partition_offsets, pg::Params::of(status.pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    const auto table = std::find_if(spec.tables.begin(), spec.tables.end(),
                                    [&](const auto& one) { return one.topic == rows.text(row, 0); });
    if (table == spec.tables.end()) continue;  // it left the pipeline
    Heard& heard = books[table->relation];
    heard.captured += rows.int64(row, 12);
    heard.applied += rows.int64(row, 13);
    heard.rejected += rows.int64(row, 14);
    status.poison += rows.int64(row, 15);
    status.last_step_seconds = std::min(status.last_step_seconds, std::stod(std::string(rows.text(row, 16))));
    const bool newest = std::pair(rows.int64(row, 3), rows.int64(row, 4)) >= std::pair(status.epoch, status.batch);
    if (!newest) continue;
    status.epoch = rows.int64(row, 3);
    status.batch = rows.int64(row, 4);
    if (!rows.text(row, 11).empty()) snapshot = rows.text(row, 11);
  }
  co_return books;
}

Status::Table* find(Status& status, std::string_view relation) {
  const auto found =
      std::find_if(status.tables.begin(), status.tables.end(), [&](const auto& t) { return t.relation == relation; });
  return found == status.tables.end() ? nullptr : &*found;
}

Task<void> read_copying_and_doubts(Status& status, pg::Connection& a) {
  const pg::Result rows = co_await a.query(sql::source::copying, pg::Params::of(status.pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    Status::Table* const table = find(status, rows.text(row, 0));
    if (table != nullptr) table->copying = true;
  }
  const pg::Result doubts =
      co_await a.query("select relation, message from penstock.doubts($1)", pg::Params::of(status.pipeline));
  for (int row = 0; row < doubts.rows(); ++row) {
    Status::Table* const table = find(status, doubts.text(row, 0));
    if (table != nullptr) table->doubt = doubts.text(row, 1);
  }
}

Task<void> read_lag(Status& status, const std::string& snapshot, pg::Connection& a) {
  const pg::Result lag = co_await a.query(journal_sql(sql::source::lag, status.pipeline), pg::Params::of(snapshot));
  status.lag_changes = lag.int64(0, 0);
  status.lag_seconds = std::stod(std::string(lag.text(0, 1)));
}

// B reflects no one snapshot then. Behind are what no batch holds yet, and what is in flight: since the newest snapshot
// that a partition has come to, or since B moved last.
Task<void> add_lag_of_partitions(Status& status, const std::string& snapshot, pg::Connection& a) {
  std::int64_t in_flight = 0;
  for (const auto& table : status.tables) in_flight += table.in_flight;
  if (in_flight == 0) co_return;
  const std::int64_t not_opened = status.lag_changes;
  co_await read_lag(status, snapshot, a);
  status.lag_changes = not_opened + in_flight;
  status.lag_seconds = std::max(status.lag_seconds, status.last_step_seconds);
}

Task<void> read_a(Status& status, std::string snapshot, const Books& books, bool by_key, pg::Connection& a) {
  status.capture_alive = co_await lock_is_held(a, status.pipeline, "capture");
  const pg::Result slot = co_await a.query(sql::source::newest_slot, pg::Params::of(status.pipeline));
  if (slot.empty())
    throw Failure(ErrorKind::usage, "A has no slot for pipeline " + status.pipeline + ": run `penstock migrate`");
  status.epoch = slot.int64(0, 0);
  for (const auto& [relation, captured] : read_counts(slot.text(0, 10))) {
    Status::Table* const table = find(status, relation);
    if (table != nullptr) table->captured = captured;
  }
  co_await read_copying_and_doubts(status, a);
  for (auto& table : status.tables) {
    const auto found = books.find(table.relation);
    const Heard heard = found == books.end() ? Heard{} : found->second;
    table.applied = heard.applied;
    table.rejected = heard.rejected;
    table.in_flight = table.captured - heard.captured;
    table.unaccounted = heard.captured - heard.applied - heard.rejected;
    // More than A ever captured: something was applied twice.
    table.unaccounted += std::min<std::int64_t>(0, table.in_flight);
    table.in_flight = std::max<std::int64_t>(0, table.in_flight);
  }
  // Before B had a batch: since the slot's beginning, which its first batch's `acked` still is.
  if (snapshot.empty()) snapshot = slot.text(0, 6);
  const std::string opened(slot.text(0, 7));
  co_await read_lag(status, by_key ? opened : snapshot, a);
  if (by_key) co_await add_lag_of_partitions(status, snapshot, a);
}

std::string state_of(const Status& status) {
  if (!status.capture_alive && !status.apply_alive) return "stopped";
  const bool behind = status.lag_changes > 0 || std::any_of(status.tables.begin(), status.tables.end(),
                                                            [](const auto& t) { return t.in_flight > 0; });
  if (!behind) return "idle";
  const bool alone = !status.capture_alive || !status.apply_alive;
  const double stalled_after = alone ? kStalledAloneSeconds : kStalledSeconds;
  if (status.lag_seconds > stalled_after && status.last_step_seconds > stalled_after) return "stalled";
  return status.lag_seconds > kCatchingUpSeconds ? "catching_up" : "running";
}

}  // namespace

bool Status::healthy() const {
  return state != "stalled" && std::all_of(tables.begin(), tables.end(), [](const Table& table) {
           return table.unaccounted == 0 && table.doubt.empty();
         });
}

std::string Status::to_text() const {
  std::string out =
      fmt::format("pipeline {}: {}, epoch {}, batch {}, {} changes and {:.1f} s behind; capture {}, apply {}{}\n",
                  pipeline, state, epoch, batch, lag_changes, lag_seconds, capture_alive ? "up" : "down",
                  apply_alive ? "up" : "down", poison > 0 ? fmt::format("; poison records {}", poison) : "");
  out += fmt::format("{:<40} {:>12} {:>12} {:>10} {:>10} {:>10} {:>12}\n", "table", "captured", "applied", "rejected",
                     "filtered", "in flight", "unaccounted");
  for (const auto& table : tables) {
    out += fmt::format("{:<40} {:>12} {:>12} {:>10} {:>10} {:>10} {:>12}\n", table.relation, table.captured,
                       table.applied, table.rejected, 0, table.in_flight, table.unaccounted);
    if (table.copying) out += "  being copied\n";
    if (!table.doubt.empty()) out += "  in doubt: " + table.doubt + "\n";
  }
  return out;
}

std::string Status::to_json() const {
  std::string out =
      fmt::format(R"({{"pipeline":"{}","state":"{}","epoch":{},"batch":{},"lag_seconds":{:.3f},"lag_changes":{},)"
                  R"("capture":"{}","apply":"{}","poison":{},"tables":[)",
                  pipeline, state, epoch, batch, lag_seconds, lag_changes, capture_alive ? "up" : "down",
                  apply_alive ? "up" : "down", poison);
  for (const auto& table : tables) {
    if (out.back() != '[') out.push_back(',');
    out.append("{\"table\":");
    append_json_string(out, table.relation);
    out += fmt::format(
        R"(,"captured":{},"applied":{},"rejected":{},"filtered":0,"in_flight":{},"unaccounted":{},"copying":{},"doubt":)",
        table.captured, table.applied, table.rejected, table.in_flight, table.unaccounted, table.copying);
    if (table.doubt.empty()) {
      out.append("null}");
    } else {
      append_json_string(out, table.doubt);
      out.push_back('}');
    }
  }
  return out + "]}\n";
}

Task<Status> read_status(const Config& config) {
  Status status;
  status.pipeline = config.pipeline.name;
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  const PipelineSpec spec = co_await stored_spec(b, config.pipeline.name);
  for (const auto& table : spec.tables) {
    status.tables.emplace_back();
    status.tables.back().relation = table.relation;
  }
  // Counts of two lives of A would only mislead.
  const std::string broken = co_await broken_chain(a, b, config.pipeline.name);
  if (!broken.empty()) throw Failure(ErrorKind::safety, broken);
  std::string snapshot;
  auto reading = spec.by_key ? read_partitions_on_b(status, spec, snapshot, b) : read_b(status, snapshot, b);
  const Books books = co_await std::move(reading);
  co_await read_a(status, snapshot, books, spec.by_key, a);
  status.state = state_of(status);
  co_return status;
}

}  // namespace penstock::ops
