#include "apply/batch/batch_assembler.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/error.hpp"
#include "kafka/lost_records.hpp"
#include "model/chain.hpp"

namespace penstock::apply {
namespace {

constexpr std::size_t kAsideRecordsMax = 2'000;
constexpr std::size_t kAsideBytesMax = 1U << 20;
constexpr std::size_t kRecentMax = 4'000;  // nonces remembered

std::pair<Epoch, BatchNo> number_of(const Record& record) { return {record.position.epoch, record.position.batch}; }

std::string batch_name(std::pair<Epoch, BatchNo> number) { return "batch " + name_of(number.first, number.second); }

[[noreturn]] void stop_for_safety(const std::string& why) {
  throw Failure(ErrorKind::safety, why + "; nothing of it was applied");
}

// Kafka has lost records that were acknowledged.
[[noreturn]] void stop_for_loss(const std::string& what) {
  throw Failure(ErrorKind::safety, fmt::format("{}; nothing of it was applied; {}", what, kafka::kCopyAnew));
}

}  // namespace

BatchAssembler::BatchAssembler(const Partitions& partitions, const Offsets& from, PieceLimits limits)
    : numbering_(partitions), limits_(limits), recent_(from.recent), partitions_(partitions.all().size()) {
  // Poison that came before the very first batch leaves a row without one.
  if (from.last && from.last->epoch != Epoch{0}) done_ = from.last;
  for (const auto& position : from.positions) {
    const int index = partitions.index_of(position.where.topic, position.where.partition);
    if (index < 0) continue;  // of a table that left the pipeline
    Partition& partition = partitions_[static_cast<std::size_t>(index)];
    partition.fetched = partition.next_offset = position.next_offset;
    partition.highest = position.highest;
  }
}

void BatchAssembler::add(Record record) {
  Partition& partition = partitions_[record.partition];
  partition.fetched = record.offset + 1;
  if (partition.aside.empty() && consider(partition, record)) return;
  partition.aside_bytes += record.bytes;
  partition.aside.push_back(std::move(record));
  check_gap(partition);
}

bool BatchAssembler::consider(Partition& partition, Record& record) {
  if (!record.poison.empty()) {
    partition.next_offset = record.offset + 1;
    pending_bytes_ += record.bytes;
    poison_.push_back(std::move(record));
    return true;
  }
  check_nonce(record);
  const auto number = number_of(record);
  const BatchNo first{done_ ? static_cast<std::int64_t>(done_->batch) + 1 : 1};
  if (current_ ? record.position.epoch > current_->id.epoch : done_ && record.position.epoch > done_->epoch) {
    stop_for_another_life(batch_name(number) + " is of a later life of A than B knows", number);
  }
  const bool old_epoch = done_ && record.position.epoch < done_->epoch;
  if (!old_epoch && record.position.batch > first) return false;
  // A capture sends nothing again but its newest batch: one that B has forgotten is not an honest duplicate.
  if (!old_epoch && done_ && record.position.batch < first && recent_.find(number) == recent_.end()) {
    stop_for_another_life(batch_name(number) + " is older than all that B remembers: A went back in time", number);
  }
  // De-duplicate: a batch that B has, or a position not above the highest seen in the partition, came before.
  if (old_epoch || record.position.batch < first || record.position <= partition.highest) {
    partition.next_offset = record.offset + 1;
    return true;
  }
  if (!current_) begin(record);
  take(partition, record);
  return true;
}

void BatchAssembler::begin(const Record& record) {
  // The chain of nonces: a batch that does not follow the one B has comes from another life of A.
  if (done_ && record.previous != done_->nonce) {
    const std::pair<Epoch, BatchNo> done{done_->epoch, done_->batch};
    stop_for_another_life(batch_name(number_of(record)) + " follows another " + batch_name(done) +
                              " than the one B has applied: A went back in time, or another A writes to these topics",
                          done);
  }
  current_ = Current{{record.position.epoch, record.position.batch, record.nonce}, std::nullopt};
}

void BatchAssembler::take(Partition& partition, Record& record) {
  partition.highest = record.position;
  partition.next_offset = record.offset + 1;
  ++partition.count;
  if (record.end) note_end(partition, record);
  pending_bytes_ += record.bytes;
  pending_.push_back(std::move(record));
}

void BatchAssembler::note_end(const Partition& partition, const Record& record) {
  const std::string name = batch_name(number_of(record));
  EndMark& end = *record.end;
  if (end.count != partition.count) {
    const auto& where = numbering_.all()[record.partition];
    stop_for_loss(
        fmt::format("{} has {} records in topic {}, partition {}, but {} arrived: some were deleted there "
                    "(cleanup.policy=compact?)",
                    name, end.count, where.topic, where.partition, partition.count));
  }
  if (current_->end) {
    if (current_->end->parts != end.parts || current_->end->snapshot != end.snapshot) {
      stop_for_safety(name + " ends in two different ways");
    }
    return;
  }
  for (const auto& part : end.parts) {
    if (numbering_.index_of(part.topic, part.partition) < 0) {
      throw Failure(ErrorKind::setup,
                    fmt::format("{} has records in {} partition {}, which this configuration does not "
                                "read: run `penstock migrate`",
                                name, part.topic, part.partition));
    }
  }
  current_->end = end;
  for (const auto& other : partitions_) check_gap(other);
}

// A chain that breaks: what B has from `since` on came from a life of A that is no more.
void BatchAssembler::stop_for_another_life(const std::string& why, std::pair<Epoch, BatchNo> since) const {
  const std::string doubt = done_ ? fmt::format("; in doubt is what B has from {} on (it is at {}): A may not have it",
                                                batch_name(since), name_of(done_->epoch, done_->batch))
                                  : std::string();
  stop_for_safety(why + doubt + "; " + std::string(kAcceptThisLife));
}

// Batch k+1 is opened only when every record of k is acknowledged. So a partition that shows a later batch brings
// nothing more of the one in hand.
void BatchAssembler::check_gap(const Partition& behind) const {
  // What was kept aside may be the batch in hand itself: committed() has not come to that partition yet.
  const auto shows_later = [&](const Partition& p) {
    return !p.aside.empty() &&
           !(current_ && number_of(p.aside.front()) == std::pair(current_->id.epoch, current_->id.batch));
  };
  if (complete() || !shows_later(behind)) return;
  const auto index = static_cast<std::size_t>(&behind - partitions_.data());
  const auto& where = numbering_.all()[index];
  bool missing = std::all_of(partitions_.begin(), partitions_.end(), shows_later);
  if (current_ && current_->end) {
    for (const auto& part : current_->end->parts) {
      missing |= part.topic == where.topic && part.partition == where.partition && behind.count < part.count;
    }
  }
  if (missing) {
    stop_for_loss(
        fmt::format("topic {}, partition {}: records of {} are missing before offset {}: the topic was made "
                    "anew, or compacted, or its retention took them",
                    where.topic, where.partition, awaited(), behind.aside.front().offset));
  }
}

void BatchAssembler::check_nonce(const Record& record) const {
  const auto number = number_of(record);
  bool differs =
      current_ && number == std::pair(current_->id.epoch, current_->id.batch) && record.nonce != current_->id.nonce;
  if (const auto known = recent_.find(number); known != recent_.end()) differs |= known->second != record.nonce;
  if (differs) stop_for_another_life(batch_name(number) + " exists twice, with different contents", number);
}

std::int64_t BatchAssembler::count_of(const EndMark::Part& part) const {
  return partitions_[static_cast<std::size_t>(numbering_.index_of(part.topic, part.partition))].count;
}

bool BatchAssembler::complete() const {
  if (!current_ || !current_->end) return false;
  return std::all_of(current_->end->parts.begin(), current_->end->parts.end(),
                     [&](const auto& part) { return count_of(part) == part.count; });
}

bool BatchAssembler::piece_ready() const {
  if (!current_) return !poison_.empty();
  if (complete()) return true;
  return pending_.size() + poison_.size() >= limits_.records_max || pending_bytes_ >= limits_.bytes_max;
}

Piece BatchAssembler::take_piece() {
  PENSTOCK_CHECK(piece_ready());
  Piece piece;
  piece.of_batch = current_.has_value();
  piece.last = !current_ || complete();
  if (current_) piece.id = current_->id;
  if (!current_ && done_) piece.id = *done_;
  if (current_ && piece.last) piece.end = current_->end;
  piece.records = std::exchange(pending_, {});
  piece.poison = std::exchange(poison_, {});
  piece.positions = positions();
  pending_bytes_ = 0;
  const auto earlier = [](const Record& a, const Record& b) { return a.position < b.position; };
  if (!std::is_sorted(piece.records.begin(), piece.records.end(), earlier)) {
    std::stable_sort(piece.records.begin(), piece.records.end(), earlier);
  }
  return piece;
}

std::vector<PartitionPosition> BatchAssembler::positions() const {
  std::vector<PartitionPosition> all;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    all.push_back({numbering_.all()[i], partitions_[i].next_offset, partitions_[i].highest});
  }
  return all;
}

void BatchAssembler::committed() {
  if (current_ && complete()) {
    done_ = current_->id;
    recent_[{done_->epoch, done_->batch}] = done_->nonce;
    if (recent_.size() > kRecentMax) recent_.erase(recent_.begin());
    current_.reset();
    for (auto& partition : partitions_) partition.count = 0;
  }
  for (auto& partition : partitions_) {
    while (!partition.aside.empty() && consider(partition, partition.aside.front())) {
      // consider() moved the record on, or found it a duplicate; its size stayed behind.
      partition.aside_bytes -= partition.aside.front().bytes;
      partition.aside.pop_front();
    }
  }
  for (const auto& partition : partitions_) check_gap(partition);
}

std::string BatchAssembler::awaited() const {
  if (!current_) return done_ ? "the batch behind " + name_of(done_->epoch, done_->batch) : "the first batch";
  std::string name = name_of(current_->id.epoch, current_->id.batch);
  if (!current_->end) return name;
  for (const auto& part : current_->end->parts) {
    if (count_of(part) >= part.count) continue;
    name += fmt::format(" ({} of {} in topic {}, partition {})", part.count - count_of(part), part.count, part.topic,
                        part.partition);
  }
  return name;
}

bool BatchAssembler::runs_ahead(std::size_t partition) const {
  const auto& p = partitions_[partition];
  return p.aside.size() >= kAsideRecordsMax || p.aside_bytes >= kAsideBytesMax;
}

bool BatchAssembler::waiting_behind_later_batch() const {
  return !piece_ready() &&
         std::any_of(partitions_.begin(), partitions_.end(), [](const auto& p) { return !p.aside.empty(); });
}

}  // namespace penstock::apply
