#include "apply/key_applier.hpp"

#include <algorithm>
#include <set>

#include "apply/batch_writer.hpp"
#include "apply/partition_progress.hpp"
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
constexpr auto kPollTimeout = 100ms;       // how soon a stop is noticed; records end the wait at once
constexpr auto kHeldUpPollTimeout = 20ms;  // while refused rows wait for their next turn
constexpr auto kHouseInterval = 5s;
constexpr auto kTrimLedgerInterval = 1h;
constexpr std::size_t kTrimUnits = 1'000;
// How long rows that a constraint refuses wait for what other partitions may bring, and longer while one of those is
// behind and moved within as long.
constexpr auto kPatience = 30s;

// B is what it was, and the same unit may go through: a deadlock, or a TRUNCATE that this session had not heard of.
bool worth_another_try(const pg::Error& error) {
  return error.sqlstate().starts_with("40") || error.sqlstate() == "PN003";
}

}  // namespace

// What one connection to B is good for.
struct KeyApplier::Session {
  Session(std::unique_ptr<TargetSession> on_b, KeyApplier& applier)
      : target(std::move(on_b)),
        decoder(applier.options_.tables, applier.partitions_),
        assembler(applier.partitions_, applier.options_.limits),
        progress(*target, applier.partitions_),
        writer(*target, applier.dead_letters_, progress),
        ledger(*target, applier.dead_letters_),
        topics(topics_of(applier.options_.tables)) {}

  std::unique_ptr<TargetSession> target;
  RecordDecoder decoder;
  KeyAssembler assembler;
  PartitionProgress progress;
  BatchWriter writer;
  Ledger ledger;
  std::set<kafka::TopicPartition> ours;
  std::set<std::size_t> paused;
  Clock::time_point house_kept = Clock::now();
  kafka::TopicWatch topics;
  Clock::time_point ledger_due = Clock::now();
  std::size_t units_since_trim = 0;
};

KeyApplier::KeyApplier(ApplierOptions options)
    : options_(std::move(options)),
      partitions_(options_.tables),
      dead_letters_(options_.producer, options_.dead_letter_topic, options_.pipeline) {}

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
    // Who cannot write to B leaves its partitions to those who can.
    if (consumer_) co_await consumer_->leave();
    consumer_.reset();
    if (failed && !stop.requested()) co_await outage.wait(failed, stop);
  }
}

// One session: whatever fails, memory is forgotten and everything starts again from what B says.
Task<void> KeyApplier::serve(StopToken& stop) {
  TargetSession::Options options{options_.pipeline, options_.target_dsn, options_.tables, false};
  std::unique_ptr<TargetSession> target = co_await TargetSession::open(options, stop);
  if (!target) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (!admin_) admin_ = std::make_unique<kafka::Admin>(executor, options_.consumer);
  Session session(std::move(target), *this);
  consumer_ = std::make_unique<kafka::Consumer>(executor, options_.consumer, options_.consumer_group,
                                                topics_of(options_.tables));
  co_await stream(session, stop);
}

Task<void> KeyApplier::stream(Session& session, StopToken& stop) {
  while (!stop.requested()) {
    // What is held up comes again by itself.
    const auto timeout = session.assembler.holds_up() ? kHeldUpPollTimeout : kPollTimeout;
    std::vector<kafka::Message> messages = co_await poll(session, timeout);
    const bool idle = messages.empty();
    const auto moved = consumer_->take_moved();
    if (moved) co_await take_over(session, *moved);
    for (auto& message : messages) {
      if (partitions_.index_of(message.topic(), message.partition()) < 0) continue;  // nothing of ours is written there
      session.assembler.add(session.decoder.decode(std::move(message)));
    }
    co_await apply_what_is_ready(session);
    regulate(session);
    if (idle) co_await session.topics.look(*admin_);
    co_await keep_house(session);
  }
}

Task<std::vector<kafka::Message>> KeyApplier::poll(Session& session, std::chrono::milliseconds timeout) {
  std::optional<Failure> failed;
  try {
    std::vector<kafka::Message> messages = co_await consumer_->poll(kPollRecords, timeout);
    if (!messages.empty()) session.topics.heard();
    co_return messages;
  } catch (const Failure& failure) {
    if (failure.kind() != ErrorKind::safety) throw;
    failed = failure;
  }
  // Out of range: Kafka knows how much is gone.
  std::vector<kafka::TopicPartitionOffset> next;
  const auto states = co_await load_partition_states(session.target->connection(), options_.pipeline);
  for (const auto& [where, state] : states) next.push_back({where.topic, where.partition, state.next_offset});
  co_await kafka::refuse_lost_records(*admin_, next, 0s);
  throw Failure(ErrorKind::safety, fmt::format("{}; {}", failed->what(), kafka::kCopyAnew));
}

// Partitions that the group gave us go on from where B says: whoever had them before may have come further than Kafka
// knows.
Task<void> KeyApplier::take_over(Session& session, const kafka::Consumer::Moved& moved) {
  for (const auto& where : moved.taken) {
    const int index = partitions_.index_of(where.topic, where.partition);
    if (index < 0) continue;
    session.assembler.forget(static_cast<std::size_t>(index));
    session.ours.erase(where);
    session.paused.erase(static_cast<std::size_t>(index));
    consumer_->resume(std::span(&where, 1));  // librdkafka keeps a pause
  }
  if (!moved.given) co_return;
  co_await session.target->load_truncates();
  co_await session.target->load_open_rejects();
  co_await remember_nonces(session);
  const auto from = co_await begin_partitions(session, *moved.given);
  consumer_->add(from);
  log::info("apply: applying {} of {} partitions of {}", session.ours.size(), partitions_.all().size(),
            options_.pipeline);
}

// Where they are to be read from.
Task<std::vector<kafka::TopicPartitionOffset>> KeyApplier::begin_partitions(
    Session& session, const std::vector<kafka::TopicPartition>& given) {
  const auto states = co_await load_partition_states(session.target->connection(), options_.pipeline);
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
    session.ours.insert(where);
  }
  co_return from;
}

// Another applier was faster: it has the partitions now, or had them and woke up. B knows how far it came.
Task<void> KeyApplier::begin_again(Session& session, const Unit& unit) {
  std::vector<kafka::TopicPartition> fenced;
  for (const auto& move : unit.moves) fenced.push_back(partitions_.all()[move.partition]);
  log::info("apply: another applier was here meanwhile; reading B's offsets of {} partitions anew", fenced.size());
  co_await remember_nonces(session);
  const auto from = co_await begin_partitions(session, fenced);
  consumer_->rewind(from);
}

Task<void> KeyApplier::remember_nonces(Session& session) {
  const Nonces nonces = co_await load_partition_nonces(session.target->connection(), options_.pipeline);
  session.assembler.remember(nonces);
}

Task<void> KeyApplier::apply_what_is_ready(Session& session) {
  while (session.assembler.ready(Clock::now())) co_await apply(session);
}

Task<void> KeyApplier::apply(Session& session) {
  const auto now = Clock::now();
  Unit unit = session.assembler.take(now);
  const auto since = session.assembler.held_up_since(unit);
  bool wait = true;
  if (since && now - *since > kPatience && !unit.truncate) wait = co_await others_lag(session, unit);
  RefusedForNow::Records refused;
  bool done = false, fenced = false;
  try {
    co_await attempt(session, unit, wait);
    done = true;
  } catch (const RefusedForNow& now_refused) {
    refused = now_refused.records();
    log::debug("apply: {} rows wait for other partitions: {}", refused.size(), now_refused.what());
  } catch (const Fenced&) {
    fenced = true;
  } catch (const pg::Error& error) {
    // A table that others' rows refer to is empty once theirs are gone.
    const bool referred_to = unit.truncate && row_is_to_blame(error);
    if (session.target->connection().broken() || !(referred_to || worth_another_try(error))) throw;
    if (referred_to) refused.emplace_back(unit.moves.front().partition, unit.moves.front().from.next_offset);
    log::debug("apply: a unit is applied once more: {}", error.what());
  }
  if (done) {
    fail_point("apply.committed_not_mirrored");
    session.assembler.committed(unit);
    mirror(unit);
    ++session.units_since_trim;
    co_return;
  }
  co_await session.writer.abandon();
  co_await session.target->load_truncates();
  co_await session.target->load_open_rejects();
  if (fenced) {
    co_await begin_again(session, unit);
    co_return;
  }
  session.assembler.put_back(std::move(unit), refused, Clock::now());
}

Task<void> KeyApplier::attempt(Session& session, Unit& unit, bool wait) {
  session.progress.begin(unit);
  if (unit.truncate) {
    co_await execute_truncate(session, unit);
  } else if (wait) {
    co_await session.writer.apply_or_wait(unit.piece);
  } else {
    co_await session.writer.apply(unit.piece);
  }
}

// The first of its copies that comes to B is executed. Nothing that stands behind it in any partition can be on B by
// then, for its applier would have come to its own copy first; and what stands before it in another one is not applied
// any more.
Task<void> KeyApplier::execute_truncate(Session& session, Unit& unit) {
  const Record& record = unit.piece.records.front();
  TargetSession& target = *session.target;
  const std::size_t table = record.table;
  const Position at = record.position;
  RoundTrip claim;
  claim.add_sql("begin");
  session.progress.append_fence(claim, unit.piece, {});
  pg::Params params;
  params.add(target.pipeline()).add(target.tables()[table].spec().relation);
  params.add(static_cast<std::int64_t>(at.epoch)).add(static_cast<std::int64_t>(at.batch));
  params.add(at.cdc_id).add(std::int64_t{at.ordinal});
  claim.add("claim_truncate", std::move(params));
  const std::vector<pg::Result> claimed = co_await target.connection().pipeline(claim.steps());
  Outcome outcome;
  if (!claimed.back().empty()) {
    co_await target.load_truncates();
    std::vector<std::string> emptied;
    for (const auto& [other, position] : target.truncated) {
      const bool since = std::pair(position.epoch, position.batch) >= std::pair(at.epoch, at.batch);
      if (since) emptied.push_back(target.tables()[other].spec().target);
    }
    const pg::Result row_by_row = co_await target.connection().query(
        "select penstock.emptying_sql($1, $2)", pg::Params::of(target.tables()[table].spec().target, emptied));
    outcome.tallies[table].applied = 1;
    ++unit.moves.front().to.taken;
    RoundTrip empty;
    target.append_emptying(empty, table, row_by_row.empty() ? "" : std::string(row_by_row.text(0, 0)));
    session.ledger.append_supersede_all(empty, table, at);
    co_await target.connection().pipeline(empty.steps());
  }
  RoundTrip finish;
  session.progress.append_finish(finish, unit.piece, outcome);
  finish.add_sql("commit");
  co_await target.connection().pipeline(finish.steps());
  session.progress.committed();
  target.truncated[table] = std::max(target.truncated[table], at);
}

// Whether a partition is behind what Kafka holds of it, and moved lately: it may yet bring what the refused rows need.
Task<bool> KeyApplier::others_lag(Session& session, const Unit& unit) {
  const auto watermarks = co_await admin_->watermarks(partitions_.all());
  const pg::Result rows = co_await session.target->connection().query(sql::target::newest_partition_offsets,
                                                                      pg::Params::of(options_.pipeline));
  constexpr int kAge = 16;
  for (int row = 0; row < rows.rows(); ++row) {
    const kafka::TopicPartition where{std::string(rows.text(row, 0)), static_cast<std::int32_t>(rows.int64(row, 1))};
    const auto there = watermarks.find(where);
    const bool same = where == partitions_.all()[unit.moves.front().partition];
    if (same || there == watermarks.end() || rows.int64(row, 2) >= there->second.high) continue;
    if (std::chrono::duration<double>(std::stod(std::string(rows.text(row, kAge)))) < kPatience) co_return true;
  }
  co_return false;
}

// Pauses partitions of which enough is queued behind rows that wait.
void KeyApplier::regulate(Session& session) {
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

Task<void> KeyApplier::keep_house(Session& session) {
  const bool due = Clock::now() - session.house_kept > kHouseInterval || session.units_since_trim >= kTrimUnits;
  if (!due) co_return;
  session.house_kept = Clock::now();
  session.units_since_trim = 0;
  pg::Params params;
  const std::vector<kafka::TopicPartition> ours(session.ours.begin(), session.ours.end());
  params.add(options_.pipeline).add(partitions_json(ours));
  co_await session.target->connection().query(sql::target::trim_partition_offsets, params);
  // Another life of A may show itself in the partitions of others first.
  co_await remember_nonces(session);
  if (Clock::now() < session.ledger_due) co_return;
  const bool all = co_await session.target->trim_ledger();
  if (all) session.ledger_due = Clock::now() + kTrimLedgerInterval;
}

}  // namespace penstock::apply
