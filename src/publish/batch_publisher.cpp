#include "publish/batch_publisher.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/fail_point.hpp"

namespace penstock::publish {
namespace {

// How often a big batch notes how far it has come, in changes.
constexpr std::int64_t kCheckpointChanges = 10'000;

// What an end mark and the record's own overhead may add to a value.
constexpr std::size_t kEndMarkRoom = 64U << 10;

bool is_key(const Change& change) { return change.op == Op::remove || change.oversize; }

}  // namespace

BatchPublisher::BatchPublisher(kafka::Producer& producer, const Routes& routes, EnvelopeWriter& writer,
                               BatchHeader header, Progress resume_after)
    : producer_(producer),
      routes_(routes),
      writer_(writer),
      header_(std::move(header)),
      resume_after_(resume_after),
      durable_(resume_after) {}

Task<void> BatchPublisher::add(const Change& change) {
  const Route& route = routes_.of(change.relation);
  if (touched_.find(change.relation) == touched_.end()) touched_.emplace(change.relation);
  key_.clear();
  if (change.op == Op::truncate) {
    // Every partition must know what came before it and what after.
    for (std::int32_t partition = 0; partition < route.partitions; ++partition) co_await hold(route, partition, change);
  } else {
    if (route.key.keyless()) {
      key_.assign("{}");
    } else if (is_key(change)) {
      key_.assign(change.image);
    } else if (!route.key.append_key(key_, change.image)) {
      throw Failure(ErrorKind::setup, "a key column of " + route.relation +
                                          " is not in its rows any more (renamed or dropped?): rename it back, or "
                                          "mend key in the configuration and run `penstock migrate`");
    }
    // A pure function of the change: a record sent again after a crash lands in the same partition.
    const std::int32_t partition = route.partitions == 1 ? 0 : kafka::partition_of(key_, route.partitions);
    co_await hold(route, partition, change);
  }
  last_added_ = {change.cdc_id, change.ordinal};
  if (++changes_ % kCheckpointChanges == 0) remember_checkpoint();
}

Task<void> BatchPublisher::hold(const Route& route, std::int32_t partition, const Change& change) {
  auto [at, fresh] = partitions_.try_emplace(kafka::TopicPartition{route.topic, partition});
  Held& held = at->second;
  if (!fresh && held.resent) {
    co_await send(at->first, held);
    fail_point("publish.half_produced");
  }
  held.self = {change.cdc_id, change.ordinal};
  held.before = last_added_;
  held.resent = held.self > resume_after_;
  ++held.count;
  if (!held.resent) co_return;
  held.has_key = change.op != Op::truncate && change.op != Op::mark && !route.key.keyless();
  held.key = key_;
  held.value.clear();
  held.end_at = encode(held.value, route, change);
  if (held.value.size() + held.key.size() + kEndMarkRoom > producer_.message_bytes_max()) {
    // Never stuck on one row: its key travels alone, and B's dead letters say that it was too large.
    Change key_alone = change;
    key_alone.image = key_;
    key_alone.before = {};
    key_alone.oversize = true;
    // As a delete it would be one of a row without columns.
    if (route.key.keyless()) key_alone.op = Op::update;
    held.value.clear();
    held.end_at = encode(held.value, route, key_alone);
  }
}

std::size_t BatchPublisher::encode(std::string& out, const Route& route, const Change& change) {
  Envelope e;
  e.op = change.op;
  e.position = {header_.epoch, header_.number, change.cdc_id, change.ordinal};
  e.nonce = header_.nonce;
  e.previous = header_.previous;
  e.relation_schema = route.schema;
  e.relation_table = route.table;
  e.txid = change.txid;
  e.ts_ms = change.ts_ms;
  e.before = is_key(change) ? change.image : change.before;
  if (!is_key(change)) e.after = change.image;
  return writer_.append(out, e);
}

Task<void> BatchPublisher::send(const kafka::TopicPartition& where, const Held& held) {
  kafka::Producer::Record record;
  record.topic = where.topic;
  record.partition = where.partition;
  if (held.has_key) record.key = held.key;
  record.value = held.value;
  last_sequence_ = co_await producer_.send(record);
}

Task<void> BatchPublisher::finish() {
  if (partitions_.empty()) {
    // Every opened batch yields a record, or B would wait for its number for ever.
    Change mark;
    mark.op = Op::mark;
    co_await hold(routes_.first(), 0, mark);
  }
  EndMark end = end_mark();
  for (auto& [where, held] : partitions_) {
    PENSTOCK_CHECK(held.resent);  // progress never passed a held-back record, so a resumed batch ends behind it
    end.count = held.count;
    writer_.insert_end(held.value, held.end_at, end);
    co_await send(where, held);
    fail_point("publish.half_produced");
  }
  fail_point("publish.produced_not_acked");
  co_await producer_.flush();
}

EndMark BatchPublisher::end_mark() const {
  EndMark end;
  end.snapshot = header_.snapshot;
  for (const auto& [where, held] : partitions_) {
    end.parts.push_back({where.topic, where.partition, held.count});
    end.total += held.count;
  }
  for (const auto& [relation, captured] : header_.captured) {
    if (touched_.find(relation) != touched_.end()) end.captured.emplace_back(relation, captured);
  }
  return end;
}

void BatchPublisher::remember_checkpoint() {
  const auto earliest = std::min_element(partitions_.begin(), partitions_.end(),
                                         [](const auto& a, const auto& b) { return a.second.self < b.second.self; });
  checkpoints_.push_back({last_sequence_, earliest->second.before});
}

Progress BatchPublisher::durable_progress() {
  const std::uint64_t acknowledged = producer_.acknowledged_through();
  while (!checkpoints_.empty() && checkpoints_.front().sequence <= acknowledged) {
    durable_ = std::max(durable_, checkpoints_.front().progress);
    checkpoints_.pop_front();
  }
  return durable_;
}

}  // namespace penstock::publish
