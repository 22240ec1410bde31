#include "apply/rejects/ledger.hpp"

#include "base/fail_point.hpp"
#include "model/json_text.hpp"

namespace penstock::apply {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, std::int64_t number) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":").append(std::to_string(number));
}

void append_position(std::string& out, const Position& position) {
  append_member(out, "epoch", static_cast<std::int64_t>(position.epoch));
  append_member(out, "batch", static_cast<std::int64_t>(position.batch));
  append_member(out, "cdc_id", position.cdc_id);
  append_member(out, "ordinal", position.ordinal);
}

void append_origin(std::string& out, const Record& record) {
  append_member(out, "origin_topic", record.message.topic());
  append_member(out, "origin_partition", record.message.partition());
  append_member(out, "origin_offset", record.message.offset());
}

void append_row(std::string& out, const Reject& reject, const TableApplier& table, const DeadLetters::Sent& sent) {
  const Record& record = *reject.record;
  out.push_back('{');
  if (reject.stage != Stage::decode) {  // poison has no position, and nothing in it can be trusted
    append_position(out, record.position);
    append_member(out, table.keyless() ? "image" : "key", table.key_of(record));
    append_member(out, "op", std::string_view(reinterpret_cast<const char*>(&record.op), 1));
  }
  append_member(out, "relation", table.spec().relation);
  append_member(out, "stage", to_string(reject.stage));
  if (!reject.rule.empty()) append_member(out, "rule", reject.rule);
  if (!reject.sqlstate.empty()) append_member(out, "sqlstate", reject.sqlstate);
  append_member(out, "message", reject.message);
  append_origin(out, record);
  append_member(out, "dlq_partition", sent.partition);
  if (sent.offset >= 0) append_member(out, "dlq_offset", sent.offset);
  out.push_back('}');
}

}  // namespace

Task<void> Ledger::record(std::span<const Reject> rejects) {
  if (rejects.empty()) co_return;
  std::vector<DeadLetters::Sent> sent(rejects.size());
  if (holding_) {
    held_.insert(held_.end(), rejects.begin(), rejects.end());
  } else {
    sent = co_await letters_.send(rejects);
    fail_point("apply.dead_letter_acked_not_committed");
  }
  std::string rows = "[";
  for (std::size_t i = 0; i < rejects.size(); ++i) {
    if (i > 0) rows.push_back(',');
    TableApplier& table = session_.tables()[rejects[i].record->table];
    append_row(rows, rejects[i], table, sent[i]);
    if (rejects[i].stage != Stage::decode) ++table.open_rejects;
  }
  rows.push_back(']');
  pg::Params params;
  params.add(session_.pipeline()).add(letters_.topic()).add_ref(rows.c_str());
  co_await session_.connection().execute("insert_dead_letters", params);
}

// The ledger has them already, without the place in the dead-letter topic.
Task<void> Ledger::send_held() {
  if (held_.empty()) co_return;
  const std::vector<DeadLetters::Sent> sent = co_await letters_.send(held_);
  fail_point("apply.dead_letter_acked_not_committed");
  std::string places = "[";
  for (std::size_t i = 0; i < held_.size(); ++i) {
    if (i > 0) places.push_back(',');
    places.push_back('{');
    const Record& record = *held_[i].record;
    if (held_[i].stage != Stage::decode) append_position(places, record.position);
    append_origin(places, record);
    append_member(places, "place", sent[i].partition);
    if (sent[i].offset >= 0) append_member(places, "place_offset", sent[i].offset);
    places.push_back('}');
  }
  places.push_back(']');
  pg::Params params;
  params.add(session_.pipeline()).add_ref(places.c_str());
  co_await session_.connection().execute("place_dead_letters", params);
}

void Ledger::let_go() {
  holding_ = false;
  held_.clear();
}

void Ledger::append_supersede(RoundTrip& trip, std::size_t table, std::span<const Record* const> valid) const {
  const TableApplier& applier = session_.tables()[table];
  std::string changes = "[";
  for (const Record* change : valid) {
    if (changes.size() > 1) changes.push_back(',');
    changes.push_back('{');
    append_position(changes, change->position);
    append_member(changes, "key", applier.key_of(*change));
    changes.push_back('}');
  }
  changes.push_back(']');
  pg::Params params;
  params.add(session_.pipeline()).add(applier.spec().relation).add_ref(trip.keep(std::move(changes)));
  params.add(applier.spec().target).add(applier.spec().key);
  trip.add("supersede", std::move(params));
}

void Ledger::superseded(std::size_t table, const pg::Result& result) {
  session_.tables()[table].open_rejects -= result.affected_rows();
}

Task<void> Ledger::supersede(std::size_t table, std::span<const Record* const> valid) {
  const TableApplier& applier = session_.tables()[table];
  if (valid.empty() || applier.open_rejects <= 0 || applier.keyless()) co_return;
  RoundTrip trip;
  append_supersede(trip, table, valid);
  const std::vector<pg::Result> results = co_await session_.connection().pipeline(trip.steps());
  superseded(table, results.front());
}

void Ledger::append_expect_none(RoundTrip& trip, std::size_t table, std::span<const Record* const> changes) const {
  Changes removing;
  std::copy_if(changes.begin(), changes.end(), std::back_inserter(removing),
               [](const Record* change) { return !change->old_image.empty(); });
  if (removing.empty()) return;
  pg::Params params;
  params.add(session_.pipeline()).add(session_.tables()[table].spec().relation);
  params.add_ref(trip.keep(json_array(removing, &Record::old_image))).add(true);
  trip.add("take_back", std::move(params));
}

Task<Changes> Ledger::take_back(std::size_t table, const Changes& removed) {
  TableApplier& applier = session_.tables()[table];
  Changes left = removed;
  if (removed.empty() || applier.open_rejects <= 0) co_return left;
  const std::string images = json_array(removed, &Record::old_image);
  pg::Params params;
  params.add(session_.pipeline()).add(applier.spec().relation).add_ref(images.c_str()).add(false);
  const pg::Result closed = co_await session_.connection().execute("take_back", params);
  applier.open_rejects -= closed.rows();
  for (int row = 0; row < closed.rows(); ++row) left[static_cast<std::size_t>(closed.int64(row, 0)) - 1] = nullptr;
  std::erase(left, nullptr);
  co_return left;
}

void Ledger::append_supersede_all(RoundTrip& trip, std::size_t table, const Position& truncate) const {
  pg::Params params;
  params.add(session_.pipeline()).add(session_.tables()[table].spec().relation);
  params.add(static_cast<std::int64_t>(truncate.epoch)).add(static_cast<std::int64_t>(truncate.batch));
  params.add(truncate.cdc_id).add(std::int64_t{truncate.ordinal});
  trip.add("supersede_all", std::move(params));
}

Task<void> Ledger::supersede_all(std::size_t table, const Position& truncate) {
  if (session_.tables()[table].open_rejects <= 0) co_return;
  RoundTrip trip;
  append_supersede_all(trip, table, truncate);
  const std::vector<pg::Result> results = co_await session_.connection().pipeline(trip.steps());
  superseded(table, results.front());
}

}  // namespace penstock::apply
