#include "apply/batch/applier.hpp"

#include <limits>

#include "base/fail_point.hpp"
#include "base/log.hpp"
#include "base/outage.hpp"
#include "kafka/lost_records.hpp"

namespace penstock::apply {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPollRecords = 1'000;
constexpr auto kHouseInterval = 5s;
// Records and a stop end the wait at once.
constexpr auto kPollTimeout = 1s;
constexpr auto kIdlePollTimeout = kHouseInterval;  // once a poll brought nothing
constexpr std::size_t kTrimBatches = 1'000;
constexpr PieceLimits kWhole{std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::size_t>::max()};
constexpr auto kTrimLedgerInterval = 1h;

}  // namespace

// What one connection to B is good for.
struct Applier::Session {
  Session(std::unique_ptr<TargetSession> on_b, Applier& applier)
      : target(std::move(on_b)),
        decoder(applier.options_.tables, applier.partitions_),
        assembler(applier.partitions_, target->offsets, applier.limits_),
        progress(*target),
        writer(*target, applier.dead_letters_, progress),
        paused(applier.partitions_.all().size(), false),
        topics(topics_of(applier.options_.tables)) {}

  std::unique_ptr<TargetSession> target;
  RecordDecoder decoder;
  BatchAssembler assembler;
  BatchProgress progress;
  BatchWriter writer;
  std::vector<bool> paused;
  Clock::time_point house_kept = Clock::now();
  kafka::TopicWatch topics;
  std::size_t batches_since_trim = 0;
  Clock::time_point ledger_due = Clock::now();
};

Applier::Applier(ApplierOptions options)
    : options_(std::move(options)),
      partitions_(options_.tables),
      dead_letters_(options_.producer, options_.dead_letter_topic, options_.pipeline),
      limits_(options_.limits) {}

Task<void> Applier::run(StopToken& stop) {
  Outage outage("apply");
  while (!stop.requested()) {
    std::exception_ptr failed;
    try {
      co_await serve(stop);
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      announce_ = failure.transient();  // a set-up is tried often, and its repair is seen by the batches that follow
      failed = std::current_exception();
    }
    // librdkafka keeps a partition's pause through a new assignment: the next session must not inherit it.
    if (failed) consumer_.reset();
    if (failed && !stop.requested()) co_await outage.wait(failed, stop);
  }
}

// One session: whatever fails, memory is forgotten and everything starts again from B's newest offsets.
Task<void> Applier::serve(StopToken& stop) {
  TargetSession::Options options{options_.pipeline, options_.target_dsn, options_.tables};
  std::unique_ptr<TargetSession> target = co_await TargetSession::open(options, stop);
  if (!target) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (!consumer_) {
    consumer_ = std::make_unique<kafka::Consumer>(executor, options_.consumer, options_.consumer_group);
    // A second at most when Kafka is away, stop or not.
    co_await consumer_->find_leaders(topics_of(options_.tables));
  }
  Session session(std::move(target), *this);
  std::vector<kafka::TopicPartitionOffset> from;
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    const auto& where = partitions_.all()[i];
    from.push_back({where.topic, where.partition, session.assembler.next_offset(i)});
  }
  consumer_->assign(from);
  // Not wanted before, and its start would hold up the first fetch.
  if (!admin_) admin_ = std::make_unique<kafka::Admin>(executor, options_.consumer);
  const auto& last = session.target->offsets.last;
  if (announce_) {
    log::info("apply: applying {} after batch {}", options_.pipeline,
              last ? static_cast<std::int64_t>(last->batch) : 0);
  }
  co_await stream(session, stop);
}

Task<void> Applier::stream(Session& session, StopToken& stop) {
  const auto stopping = stop.on_request([this] { consumer_->end_poll(); });
  bool idle = false;
  // The batch in hand is finished; whoever asked to stop cancels this when it takes too long.
  while (!stop.requested() || session.assembler.batch_in_hand()) {
    std::vector<kafka::Message> messages = co_await poll(session, idle ? kIdlePollTimeout : kPollTimeout);
    idle = messages.empty();
    for (auto& message : messages) {
      session.assembler.add(session.decoder.decode(std::move(message)));
      // A piece that is full is applied before more is taken in: memory stays bounded whatever the batch's size.
      // Poison between batches waits for the end of what was polled: one transaction for all of it.
      const bool batch_to_apply = session.assembler.batch_in_hand() && session.assembler.piece_ready();
      if (batch_to_apply) co_await apply_what_is_ready(session);
    }
    co_await apply_what_is_ready(session);
    regulate(session);
    if (idle) co_await look_for_gap(session);
    if (idle) co_await session.topics.look(*admin_);
    co_await keep_house(session);
  }
}

Task<std::vector<kafka::Message>> Applier::poll(Session& session, std::chrono::milliseconds timeout) {
  std::optional<Failure> failed;
  try {
    std::vector<kafka::Message> messages = co_await consumer_->poll(kPollRecords, timeout);
    co_return messages;
  } catch (const Failure& failure) {
    if (failure.transient()) throw;
    failed = failure;
  }
  // Kafka knows how much is gone. A topic that was made anew may have grown past the offset by the time it is asked.
  const bool out_of_range = failed->kind() == ErrorKind::safety;
  co_await refuse_lost_records(session, out_of_range ? 0s : 3s);
  if (out_of_range) failed.emplace(ErrorKind::safety, fmt::format("{}; {}", failed->what(), kafka::kCopyAnew));
  throw *failed;
}

Task<void> Applier::apply_what_is_ready(Session& session) {
  while (session.assembler.piece_ready()) {
    Piece piece = session.assembler.take_piece();
    const bool last = piece.last, of_batch = piece.of_batch;
    try {
      co_await session.writer.apply(piece);
    } catch (const TruncateNeedsWholeBatch&) {
      limits_ = kWhole;
      throw;
    }
    if (!last) co_return;
    if (of_batch) limits_ = options_.limits;
    session.assembler.limit(limits_);
    fail_point("apply.committed_not_mirrored");
    mirror(session);
    ++session.batches_since_trim;
    session.assembler.committed();
  }
}

// The consumer group shows how far B has come, in any Kafka tool. Nothing reads it back.
void Applier::mirror(const Session& session) {
  std::vector<kafka::TopicPartitionOffset> next;
  for (const auto& position : session.target->offsets.positions) {
    if (position.next_offset > 0)
      next.push_back({position.where.topic, position.where.partition, position.next_offset});
  }
  consumer_->mirror_offsets(next);
}

// Pauses partitions whose next batches are ahead of the one in hand, so that what is kept aside stays bounded.
void Applier::regulate(Session& session) {
  for (std::size_t i = 0; i < session.paused.size(); ++i) {
    const bool ahead = session.assembler.runs_ahead(i);
    if (ahead == session.paused[i]) continue;
    session.paused[i] = ahead;
    const std::span<const kafka::TopicPartition> one(&partitions_.all()[i], 1);
    if (ahead) {
      consumer_->pause(one);
    } else {
      consumer_->resume(one);
    }
  }
}

// A later batch is in Kafka only after all of this one is. If every partition is read to its end and records are still
// missing, they are gone.
Task<void> Applier::look_for_gap(Session& session) {
  if (!session.assembler.waiting_behind_later_batch()) co_return;
  // Nothing is missing of a topic that is gone, or of what retention took: it says so by itself.
  co_await refuse_lost_records(session, 3s);
  const auto watermarks = co_await admin_->watermarks(partitions_.all());
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    const auto found = watermarks.find(partitions_.all()[i]);
    if (session.paused[i]) continue;  // it shows a later batch already, so it has brought all of this one
    if (found == watermarks.end() || session.assembler.next_offset(i) < found->second.high) co_return;
  }
  throw Failure(
      ErrorKind::safety,
      fmt::format("records of {} are missing in Kafka although a later batch is there: a topic was made anew, "
                  "compacted or emptied; nothing of it was applied; {}",
                  session.assembler.awaited(), kafka::kCopyAnew));
}

Task<void> Applier::refuse_lost_records(const Session& session, std::chrono::seconds sure_within) {
  std::vector<kafka::TopicPartitionOffset> next;
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    const auto& where = partitions_.all()[i];
    next.push_back({where.topic, where.partition, session.assembler.next_offset(i)});
  }
  co_await kafka::refuse_lost_records(*admin_, next, sure_within);
}

Task<void> Applier::keep_house(Session& session) {
  const bool due = Clock::now() - session.house_kept >= kHouseInterval || session.batches_since_trim >= kTrimBatches;
  // In the middle of a batch's transaction nothing but the batch is touched.
  if (!due || session.writer.in_transaction()) co_return;
  session.house_kept = Clock::now();
  if (session.batches_since_trim == 0) {
    co_await session.target->ping();
  } else {
    session.batches_since_trim = 0;
    co_await session.target->trim_offsets();
  }
  if (Clock::now() < session.ledger_due) co_return;
  const bool all = co_await session.target->trim_ledger();
  if (all) session.ledger_due = Clock::now() + kTrimLedgerInterval;
}

}  // namespace penstock::apply
