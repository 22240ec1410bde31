// Why each key is exact. A key's changes are all in one partition, in the order in which A made them (route.hpp). B
// holds for each partition the offset behind the last record it has, and the highest position it has taken: what comes
// at or below that was sent twice by a capture that began its batch again. Nothing can be missing in between: offsets
// follow each other without a gap, a partition's last record of a batch says how many there were, and the next batch is
// opened only when all of the last one is in Kafka. Another life of A shows itself in the nonces: two for one batch
// number, or a predecessor that B knows otherwise.
#include "apply/key/key_assembler.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "kafka/lost_records.hpp"
#include "model/chain.hpp"

namespace penstock::apply {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQueuedRecordsMax = 2'000;
constexpr std::size_t kQueuedBytesMax = 1U << 20;
constexpr std::size_t kRecentMax = 8'000;  // nonces remembered
constexpr auto kFirstPause = 50ms;         // before refused rows are tried again
constexpr auto kLongestPause = 1'000ms;

[[noreturn]] void stop_for_another_life(const std::string& why) {
  throw Failure(ErrorKind::safety, fmt::format("{}; nothing of it was applied; {}", why, kAcceptThisLife));
}

// Kafka has lost records that were acknowledged.
[[noreturn]] void stop_for_loss(const std::string& what) {
  throw Failure(ErrorKind::safety, fmt::format("{}; nothing of it was applied; {}", what, kafka::kCopyAnew));
}

std::pair<Epoch, BatchNo> number_of(const Record& record) { return {record.position.epoch, record.position.batch}; }

}  // namespace

KeyAssembler::KeyAssembler(const Partitions& partitions, PieceLimits limits)
    : numbering_(partitions), limits_(limits), feeds_(partitions.all().size()) {}

void KeyAssembler::begin(std::size_t partition, PartitionState from, bool check_last) {
  Feed& feed = feeds_[partition] = {};
  feed.ours = true;
  feed.check_last = check_last;
  feed.row = from;
  feed.ahead = std::move(from);
}

void KeyAssembler::remember(const Nonces& recent) {
  for (const auto& [number, nonce] : recent) {
    if (recent_.emplace(number, nonce).first->second == nonce) continue;
    stop_for_another_life(fmt::format("batch {}/{} exists twice, with different contents: A went back in time",
                                      static_cast<std::int64_t>(number.first),
                                      static_cast<std::int64_t>(number.second)));
  }
  while (recent_.size() > kRecentMax) recent_.erase(recent_.begin());
}

std::string KeyAssembler::name_of(const Record& record) const {
  const auto& where = numbering_.all()[record.partition];
  return fmt::format("batch {}/{} in {} partition {}, offset {},", static_cast<std::int64_t>(record.position.epoch),
                     static_cast<std::int64_t>(record.position.batch), where.topic, where.partition, record.offset);
}

void KeyAssembler::add(Record record) {
  Feed& feed = feeds_[record.partition];
  if (!feed.ours) return;
  const auto& where = numbering_.all()[record.partition];
  if (std::exchange(feed.check_last, false)) {
    if (record.offset == feed.row.next_offset - 1 && identity_of(record) == feed.row.last_record) return;
    stop_for_loss(
        fmt::format("{} partition {} holds another record before offset {} than the one B has applied: the "
                    "topic was recreated",
                    where.topic, where.partition, feed.row.next_offset));
  }
  if (record.offset < feed.ahead.next_offset) return;  // fetched again
  if (record.offset != feed.ahead.next_offset) {
    stop_for_loss(fmt::format("offsets {} to {} of {} partition {} are missing: the topic was compacted, or recreated",
                              feed.ahead.next_offset, record.offset - 1, where.topic, where.partition));
  }
  const bool duplicate = record.poison.empty() && is_duplicate(feed, record);
  if (record.poison.empty() && !duplicate) {
    check_begin(feed, record);
    check_end(feed, record);
    note_nonce(record);
  }
  feed.ahead.advance(record, duplicate);
  feed.bytes += record.bytes;
  feed.queue.push_back({std::move(record), duplicate});
}

bool KeyAssembler::is_duplicate(const Feed& feed, const Record& record) const {
  const auto known = recent_.find(number_of(record));
  const bool of_newest = number_of(record) == std::pair(feed.ahead.highest.epoch, feed.ahead.highest.batch);
  if ((known != recent_.end() && known->second != record.nonce) || (of_newest && feed.ahead.nonce != record.nonce)) {
    stop_for_another_life(name_of(record) + " exists twice, with different contents: A went back in time");
  }
  const Position& highest = feed.ahead.highest;
  if (!recent_.empty() && record.position.epoch > recent_.rbegin()->first.first) {
    stop_for_another_life(name_of(record) + " is of another life of A than B knows");
  }
  if (record.position > highest) return false;
  // A capture sends nothing again but its newest batch: one that B has forgotten is not an honest duplicate, but for
  // the newest of this partition, which may lag far behind.
  if (!of_newest && record.position.epoch == highest.epoch && known == recent_.end()) {
    stop_for_another_life(name_of(record) + " is older than all that B remembers: A went back in time");
  }
  return true;
}

void KeyAssembler::check_begin(const Feed& feed, const Record& record) const {
  const PartitionState& ahead = feed.ahead;
  const auto number = number_of(record);
  if (number == std::pair(ahead.highest.epoch, ahead.highest.batch)) return;
  // Batch k+1 is opened only when every record of k is acknowledged.
  if (!ahead.untouched() && !ahead.ended) {
    stop_for_loss(name_of(record) + " comes before the end of the one before it: records are missing");
  }
  const auto before = recent_.find({number.first, BatchNo{static_cast<std::int64_t>(number.second) - 1}});
  if (before != recent_.end() && before->second != record.previous) {
    stop_for_another_life(name_of(record) +
                          " follows another batch than the one B has: A went back in time, or another A writes "
                          "to these topics");
  }
}

void KeyAssembler::check_end(const Feed& feed, const Record& record) const {
  if (!record.end) return;
  const PartitionState& ahead = feed.ahead;
  const bool same = number_of(record) == std::pair(ahead.highest.epoch, ahead.highest.batch);
  const std::int64_t count = same ? ahead.count + 1 : 1;
  if (record.end->count == count) return;
  stop_for_loss(fmt::format("{} has {} records in this partition, but {} arrived: some are missing", name_of(record),
                            record.end->count, count));
}

void KeyAssembler::note_nonce(const Record& record) {
  recent_.emplace(number_of(record), record.nonce);
  if (recent_.size() > kRecentMax) recent_.erase(recent_.begin());
}

bool KeyAssembler::at_truncate(const Feed& feed) {
  const Queued& first = feed.queue.front();
  return first.record.poison.empty() && !first.duplicate && first.record.op == Op::truncate;
}

bool KeyAssembler::ready(Clock::time_point now) const {
  return std::any_of(feeds_.begin(), feeds_.end(), [&](const Feed& feed) { return !waits(feed, now); });
}

Unit KeyAssembler::take(Clock::time_point now) {
  PENSTOCK_CHECK(ready(now));
  Unit unit;
  unit.piece.last = true;
  ++turn_;
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    const std::size_t partition = (turn_ + i) % feeds_.size();
    const Feed& feed = feeds_[partition];
    const bool by_itself = !feed.queue.empty() && (feed.alone || at_truncate(feed));
    if (waits(feed, now) || (by_itself && !unit.moves.empty())) continue;
    move_into(unit, partition);
    if (by_itself) break;
  }
  const auto earlier = [](const Record& a, const Record& b) { return a.position < b.position; };
  std::stable_sort(unit.piece.records.begin(), unit.piece.records.end(), earlier);
  // The rows that the fence writes: always in one order, so that two appliers wait for each other and do not lock up.
  std::sort(unit.moves.begin(), unit.moves.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return unit;
}

void KeyAssembler::move_into(Unit& unit, std::size_t partition) {
  Feed& feed = feeds_[partition];
  PartitionMove move{partition, feed.row, feed.row, {}};
  std::size_t size = 0, bytes = 0;
  const auto in_unit = [&] { return unit.piece.records.size() + unit.piece.poison.size() + unit.duplicates.size(); };
  while (!feed.queue.empty() && !unit.truncate) {
    const bool truncate = at_truncate(feed);
    if (truncate && size > 0) break;
    if (size > 0 && (in_unit() >= limits_.records_max || bytes >= limits_.bytes_max || size == feed.records_max)) break;
    Queued queued = std::move(feed.queue.front());
    feed.queue.pop_front();
    move.to.advance(queued.record, queued.duplicate);
    if (queued.record.poison.empty()) move.chain[number_of(queued.record)] = queued.record.nonce;
    bytes += queued.record.bytes;
    feed.bytes -= queued.record.bytes;
    ++size;
    unit.truncate = truncate;
    auto& where = queued.duplicate                ? unit.duplicates
                  : !queued.record.poison.empty() ? unit.piece.poison
                                                  : unit.piece.records;
    where.push_back(std::move(queued.record));
  }
  unit.moves.push_back(std::move(move));
}

void KeyAssembler::committed(const Unit& unit) {
  for (const auto& move : unit.moves) {
    Feed& feed = feeds_[move.partition];
    feed.row = move.to;
    feed.alone = false;
    feed.records_max = 0;
    feed.held_up_since.reset();
    feed.pause = {};
  }
}

void KeyAssembler::put_back(Unit unit, const std::vector<std::pair<std::size_t, std::int64_t>>& refused,
                            Clock::time_point now) {
  const bool several = unit.moves.size() > 1;
  std::vector<Queued> all;
  for (auto& record : unit.piece.records) all.push_back({std::move(record), false});
  for (auto& record : unit.piece.poison) all.push_back({std::move(record), false});
  for (auto& record : unit.duplicates) all.push_back({std::move(record), true});
  std::sort(all.begin(), all.end(), [](const Queued& a, const Queued& b) { return a.record.offset > b.record.offset; });
  for (auto& queued : all) {
    Feed& feed = feeds_[queued.record.partition];
    feed.bytes += queued.record.bytes;
    feed.queue.push_front(std::move(queued));
  }
  for (const auto& [partition, offset] : refused) feeds_[partition].alone = true;
  if (several || refused.empty()) return;
  const PartitionMove& move = unit.moves.front();
  std::int64_t first = move.to.next_offset;
  for (const auto& [partition, offset] : refused) first = std::min(first, offset);
  hold_up(feeds_[move.partition], static_cast<std::size_t>(move.to.next_offset - move.from.next_offset),
          static_cast<std::size_t>(first - move.from.next_offset), now);
}

// What stands before the first refused record goes at once. Then the record alone, for others may need what it brings;
// and all that is there, where rows of this partition may make room for each other.
void KeyAssembler::hold_up(Feed& feed, std::size_t size, std::size_t good, Clock::time_point now) {
  if (good > 0 && feed.records_max != good) {
    feed.records_max = good;
    return;
  }
  feed.records_max = size == 1 ? 0 : 1;
  if (!feed.held_up_since) feed.held_up_since = now;
  feed.pause = std::clamp<Clock::duration>(feed.pause * 2, kFirstPause, kLongestPause);
  feed.retry_at = now + feed.pause;
}

std::optional<KeyAssembler::Clock::time_point> KeyAssembler::held_up_since(const Unit& unit) const {
  return feeds_[unit.moves.front().partition].held_up_since;
}

bool KeyAssembler::holds_up() const {
  return std::any_of(feeds_.begin(), feeds_.end(), [](const Feed& feed) { return feed.held_up_since.has_value(); });
}

bool KeyAssembler::runs_ahead(std::size_t partition) const {
  const Feed& feed = feeds_[partition];
  return feed.queue.size() >= kQueuedRecordsMax || feed.bytes >= kQueuedBytesMax;
}

}  // namespace penstock::apply
