#include "apply/key/key_applier.hpp"

#include <algorithm>
#include <set>

#include "apply/key/held_up.hpp"
#include "apply/key/key_truncate.hpp"
#include "base/fail_point.hpp"
#include "base/log.hpp"
#include "base/outage.hpp"
#include "kafka/lost_records.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

using namespace std::chrono_literals;
using Clock = KeyAssembler::Clock;

constexpr std::size_t kPollRecords = 1'000;
constexpr auto kPollTimeout = 1s;          // records and a stop end the wait at once
constexpr auto kHeldUpPollTimeout = 20ms;  // while refused rows wait for their next turn
constexpr auto kHouseInterval = 5s;
constexpr auto kTrimLedgerInterval = 1h;
constexpr std::size_t kTrimUnits = 1'000;
constexpr std::string_view kTruncatedMeanwhile = "PN003";
constexpr int kTries = 5;  // of a unit that B cannot serialize
constexpr auto kTryPause = 20ms;

// B is what it was, and the same unit may go through: a deadlock, or a TRUNCATE that this session had not heard of.
bool worth_another_try(const pg::Error& error) {
  return error.sqlstate().starts_with("40") || error.sqlstate() == kTruncatedMeanwhile;
}

}  // namespace

KeyApplier::KeyApplier(ApplierOptions options)
    : options_(std::move(options)),
      partitions_(options_.tables),
      dead_letters_(options_.producer, options_.dead_letter_topic, options_.pipeline),
      topics_(topics_of(options_.tables)) {}

Task<void> KeyApplier::run(StopToken& stop) {
  Outage outage("apply");
  while (!stop.requested()) {
    std::exception_ptr failed;
    try {
      co_await serve(stop);
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      failed = std::current_exception();
    }
    // Who cannot write to B leaves its partitions to those who can. One that is joining even then is taken up by the
    // next session: left behind, it would join as a ghost.
    if (consumer_) co_await consumer_->leave();
    if (consumer_ && (!consumer_->joining() || stop.requested())) consumer_.reset();
    if (failed && !stop.requested()) co_await outage.wait(failed, stop);
  }
  if (consumer_) co_await consumer_->leave();
}

// One session: whatever fails, memory is forgotten and everything starts again from what B says.
Task<void> KeyApplier::serve(StopToken& stop) {
  TargetSession::Options options{options_.pipeline, options_.target_dsn, options_.tables, false};
  std::unique_ptr<TargetSession> target = co_await TargetSession::open(options, stop);
  if (!target) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (!admin_) admin_ = std::make_unique<kafka::Admin>(executor, options_.consumer);
  KeySession session(std::move(target), options_, partitions_, dead_letters_);
  if (!consumer_) {
    consumer_ = std::make_unique<kafka::Consumer>(executor, options_.consumer, options_.consumer_group,
                                                  topics_of(options_.tables));
  }
  co_await stream(session, stop);
}

Task<void> KeyApplier::stream(KeySession& session, StopToken& stop) {
  const auto stopping = stop.on_request([this] { consumer_->end_poll(); });
  while (!stop.requested()) {
    // What is held up comes again by itself.
    const auto timeout = session.assembler.holds_up() ? kHeldUpPollTimeout : kPollTimeout;
    std::vector<kafka::Message> messages = co_await poll(session, timeout);
    for (auto& message : messages) {
      if (partitions_.index_of(message.topic(), message.partition()) < 0) continue;  // nothing of ours is written there
      session.assembler.add(session.decoder.decode(std::move(message)));
    }
    // Behind what came before it: of partitions that stay it does not come again, of those that go it is forgotten.
    const auto moved = consumer_->take_moved();
    if (moved) co_await take_over(session, *moved);
    co_await apply_what_is_ready(session);
    regulate(session);
    co_await topics_.look(*admin_);
    co_await keep_house(session);
  }
}

Task<std::vector<kafka::Message>> KeyApplier::poll(KeySession& session, std::chrono::milliseconds timeout) {
  std::optional<Failure> failed;
  try {
    std::vector<kafka::Message> messages = co_await consumer_->poll(kPollRecords, timeout);
    co_return messages;
  } catch (const Failure& failure) {
    if (failure.kind() != ErrorKind::safety && failure.kind() != ErrorKind::setup) throw;
    failed = failure;
  }
  co_await topics_.look_now(*admin_);
  if (failed->kind() == ErrorKind::setup) throw *failed;
  // Out of range: Kafka knows how much is gone.
  std::vector<kafka::TopicPartitionOffset> next;
  const auto states = co_await load_partition_states(session.target->connection(), options_.pipeline);
  for (const auto& [where, state] : states) next.push_back({where.topic, where.partition, state.next_offset});
  co_await kafka::refuse_lost_records(*admin_, next, 0s);
  throw Failure(ErrorKind::safety, fmt::format("{}; {}", failed->what(), kafka::kCopyAnew));
}

// Partitions that the group gave us go on from where B says: whoever had them before may have come further than Kafka
// knows.
Task<void> KeyApplier::take_over(KeySession& session, const kafka::Consumer::Moved& moved) {
  for (const auto& where : moved.taken) {
    const int index = partitions_.index_of(where.topic, where.partition);
    if (index < 0) continue;
    session.assembler.forget(static_cast<std::size_t>(index));
    session.ends_to_wait_for.erase(static_cast<std::size_t>(index));
    session.ours.erase(where);
    session.paused.erase(static_cast<std::size_t>(index));
    consumer_->resume(std::span(&where, 1));  // librdkafka keeps a pause
  }
  if (!moved.given) co_return;
  const auto from = co_await begin_partitions(session, *moved.given);
  consumer_->add(from);
  log::info("apply: applying {} of {} partitions of {}", session.ours.size(), partitions_.all().size(),
            options_.pipeline);
}

// Where they are to be read from. What else B says is asked behind it: whoever had a partition may be committing still.
Task<std::vector<kafka::TopicPartitionOffset>> KeyApplier::begin_partitions(
    KeySession& session, const std::vector<kafka::TopicPartition>& given) {
  const auto states = co_await load_partition_states(session.target->connection(), options_.pipeline);
  co_await session.target->load_truncates();
  co_await session.target->load_open_rejects();
  co_await remember_nonces(session);
  std::vector<kafka::TopicPartitionOffset> next;
  for (const auto& [where, state] : states) {
    if (std::find(given.begin(), given.end(), where) != given.end())
      next.push_back({where.topic, where.partition, state.next_offset});
  }
  co_await kafka::refuse_lost_records(*admin_, next);
  const auto watermarks = co_await admin_->watermarks(given);
  std::vector<kafka::TopicPartitionOffset> from;
  for (const auto& where : given) {
    const kafka::Watermarks& there = watermarks.at(where);
    const int index = partitions_.index_of(where.topic, where.partition);
    if (index < 0) {  // nothing is ever written there; but what the group gave must be taken
      from.push_back({where.topic, where.partition, there.high});
      continue;
    }
    const auto known = states.find(where);
    const PartitionState state = known == states.end() ? PartitionState{} : known->second;
    // The record before is read once more, where it is still there.
    const bool check_last = state.last_record && state.next_offset > there.low;
    from.push_back({where.topic, where.partition, state.next_offset - (check_last ? 1 : 0)});
    session.assembler.begin(static_cast<std::size_t>(index), state, check_last);
    session.ends_to_wait_for.erase(static_cast<std::size_t>(index));
    session.ours.emplace(where, -1);
  }
  co_return from;
}

// Another applier was faster: it has the partitions now, or had them and woke up. B knows how far it came.
Task<void> KeyApplier::begin_again(KeySession& session, const Unit& unit) {
  std::vector<kafka::TopicPartition> fenced;
  for (const auto& move : unit.moves) fenced.push_back(partitions_.all()[move.partition]);
  log::info("apply: another applier was here meanwhile; reading B's offsets of {} partitions anew", fenced.size());
  const auto from = co_await begin_partitions(session, fenced);
  consumer_->rewind(from);
}

Task<void> KeyApplier::remember_nonces(KeySession& session) {
  const Nonces nonces = co_await load_partition_nonces(session.target->connection(), options_.pipeline);
  session.assembler.remember(nonces);
}

Task<void> KeyApplier::apply_what_is_ready(KeySession& session) {
  while (session.assembler.ready(Clock::now())) co_await apply(session);
}

Task<void> KeyApplier::apply(KeySession& session) {
  const auto now = Clock::now();
  Unit unit = session.assembler.take(now);
  const auto since = session.assembler.held_up_since(unit);
  bool wait = true;
  if (since && now - *since > kPatience) wait = co_await others_lag(session, *admin_, unit);
  const Attempt attempted = co_await attempt(session, unit, wait);
  if (attempted.end == Attempt::End::committed) {
    fail_point("apply.committed_not_mirrored");
    session.assembler.committed(unit);
    for (const auto& move : unit.moves) session.ends_to_wait_for.erase(move.partition);
    session.tries = 0;
    mirror(unit);
    ++session.units_since_trim;
    co_return;
  }
  co_await session.writer.abandon();
  if (attempted.end == Attempt::End::fenced) {
    co_await begin_again(session, unit);
    co_return;
  }
  if (attempted.refused.empty()) co_await pause_before_another_try(session, *attempted.error);
  if (since) say_held_up(session, unit, *since, *attempted.error);
  co_await session.target->load_truncates();
  co_await session.target->load_open_rejects();
  session.assembler.put_back(std::move(unit), attempted.refused, Clock::now());
}

Task<KeyApplier::Attempt> KeyApplier::attempt(KeySession& session, Unit& unit, bool wait) {
  try {
    co_await transact(session, unit, wait);
    co_return Attempt{Attempt::End::committed, {}, {}};
  } catch (const RefusedForNow& refused) {
    co_return Attempt{Attempt::End::refused, refused.records(), refused.error()};
  } catch (const Fenced&) {
    co_return Attempt{Attempt::End::fenced, {}, {}};
  } catch (const pg::Error& error) {
    // A table that others' rows refer to is empty once theirs are gone.
    const bool referred_to = unit.truncate && row_is_to_blame(error);
    if (session.target->connection().broken() || !(referred_to || worth_another_try(error))) throw;
    Attempt attempted{Attempt::End::refused, {}, error};
    if (referred_to) {
      attempted.refused.emplace_back(unit.moves.front().partition, unit.moves.front().from.next_offset);
    }
    co_return attempted;
  }
}

Task<void> KeyApplier::transact(KeySession& session, Unit& unit, bool wait) {
  session.progress.begin(unit);
  if (unit.truncate) {
    co_await execute_truncate(session, unit, wait);
  } else if (wait) {
    co_await session.writer.apply_or_wait(unit.piece);
  } else {
    co_await session.writer.apply(unit.piece);
  }
}

// Where B keeps refusing, the session ends: that is said, and waited for longer and longer.
Task<void> KeyApplier::pause_before_another_try(KeySession& session, const pg::Error& error) {
  if (error.sqlstate() == kTruncatedMeanwhile) co_return;
  log::debug("apply: a unit is applied once more: {}", error.what());
  if (++session.tries > kTries) throw error;
  co_await sleep_for(kTryPause * session.tries);
}

// Pauses partitions of which enough is queued behind rows that wait.
void KeyApplier::regulate(KeySession& session) {
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    const bool ahead = session.assembler.runs_ahead(i);
    if (ahead == session.paused.contains(i)) continue;
    const std::span<const kafka::TopicPartition> one(&partitions_.all()[i], 1);
    if (ahead) {
      session.paused.insert(i);
      consumer_->pause(one);
    } else {
      session.paused.erase(i);
      consumer_->resume(one);
    }
  }
}

// The consumer group shows how far B has come, in any Kafka tool. Nothing reads it back.
void KeyApplier::mirror(const Unit& unit) {
  std::vector<kafka::TopicPartitionOffset> next;
  for (const auto& move : unit.moves) {
    const auto& where = partitions_.all()[move.partition];
    next.push_back({where.topic, where.partition, move.to.next_offset});
  }
  consumer_->mirror_offsets(next);
}

Task<void> KeyApplier::trim_offsets(KeySession& session) {
  const auto newest = session.assembler.newest();
  if (!newest) co_return;
  pg::Params params;
  params.add(options_.pipeline).add(trimmed_json(session.ours));
  params.add(static_cast<std::int64_t>(newest->first)).add(static_cast<std::int64_t>(newest->second));
  const pg::Result left = co_await session.target->connection().query(sql::target::trim_partition_offsets, params);
  for (int row = 0; row < left.rows(); ++row) {
    session.ours[{std::string(left.text(row, 0)), static_cast<std::int32_t>(left.int64(row, 1))}] = left.int64(row, 2);
  }
}

Task<void> KeyApplier::keep_house(KeySession& session) {
  const bool due = Clock::now() - session.house_kept > kHouseInterval || session.units_since_trim >= kTrimUnits;
  if (!due) co_return;
  session.house_kept = Clock::now();
  session.units_since_trim = 0;
  co_await trim_offsets(session);
  // Another life of A may show itself in the partitions of others first.
  co_await remember_nonces(session);
  if (Clock::now() < session.ledger_due) co_return;
  const bool all = co_await session.target->trim_ledger();
  if (all) session.ledger_due = Clock::now() + kTrimLedgerInterval;
}

}  // namespace penstock::apply
