#include "pipeline/capture_loop.hpp"

#include <algorithm>

#include "base/fail_point.hpp"
#include "base/log.hpp"
#include "base/outage.hpp"

namespace penstock::pipeline {
namespace {

using namespace std::chrono_literals;
using capture::Journal;
using capture::JournalRows;

// Rows a statement of a big batch: some 64 changes each at most, so a few MB.
constexpr int kMoreRows = 500;
// Rows of the backfill a batch: small enough that single changes pass between two of them within a fraction of a
// second.
constexpr int kSliceRows = 4'000;
constexpr auto kHouseInterval = 5s;
// While nothing happens: a clone of A may have gone on where this one stands.
constexpr auto kLifeInterval = 60s;
constexpr auto kRequestInterval = 500ms;
constexpr auto kStandbyInterval = 500ms;
// With nothing to do a batch is acknowledged after this, so that the journal can be emptied and a restart resends
// nothing.
constexpr auto kAcknowledgeAfter = 200ms;
// A batch costs A, Kafka, B and us about the same whether it brings one change or ten. So where several come at once
// the next batch is opened no sooner than this after the one before: at 1,000 changes a second half of
// B's, Kafka's and our processor time, for a median of 4.8 ms instead of 3.4 (bench/NOTES.md, "Batches apart").
constexpr auto kBatchesApart = 5ms;
constexpr std::int64_t kSeveral = 3;

// What A or Kafka refuses for a row's sake can be mended there, like a missing table; nothing is skipped meanwhile.
bool mendable(const Failure& failure) {
  return failure.worth_waiting() || failure.kind() == ErrorKind::data || failure.kind() == ErrorKind::constraint;
}

std::vector<std::string> names_of(const std::vector<publish::Route>& routes) {
  std::vector<std::string> names;
  for (const auto& route : routes) names.push_back(route.topic);
  return names;
}

std::vector<kafka::TableTopic> topics_of(const std::vector<publish::Route>& routes) {
  std::vector<kafka::TableTopic> topics;
  for (const auto& route : routes) topics.push_back({route.topic, route.partitions, route.schema, route.table});
  return topics;
}

}  // namespace

CaptureLoop::CaptureLoop(Options options, StopToken& stop)
    : options_(std::move(options)),
      routes_(options_.routes),
      topic_watch_(names_of(options_.routes)),
      life_(options_.reading, options_.reading_group, topics_of(options_.routes)),
      stop_(stop) {}

Task<void> CaptureLoop::run() {
  Outage outage("capture");
  while (!stop_.requested()) {
    std::exception_ptr failed;
    bool set_up_wrong = false;
    try {
      co_await session();
    } catch (const Failure& failure) {
      if (!mendable(failure)) throw;
      failed = std::current_exception();
      set_up_wrong = failure.kind() == ErrorKind::setup;
    }
    // Whatever failed, memory is forgotten and the slot read anew: it alone knows what was opened and acknowledged.
    producer_.reset();
    if (set_up_wrong) co_await refuse_missing_topics();
    if (failed && !stop_.requested()) co_await outage.wait(failed, stop_);
  }
}

Task<void> CaptureLoop::session() {
  std::exception_ptr absent;
  try {
    co_await read_journal();
  } catch (const capture::NotInstalled&) {
    absent = std::current_exception();
  }
  if (!absent) co_return;
  co_await life_.check_without_slot();
  std::rethrow_exception(absent);
}

// One connection to A and one producer, until one of them fails.
Task<void> CaptureLoop::read_journal() {
  auto journal = co_await Journal::connect(options_.journal);
  const bool reader = co_await stand_by(*journal);
  if (!reader) co_return;
  co_await journal->load_slot();
  // First of what needs threads: where there are none it says so, and consumers (which check_life() makes) abort.
  producer_ = std::make_unique<kafka::Producer>(co_await asio::this_coro::executor, options_.cluster);
  co_await check_life(*journal);
  house_kept_ = {};  // at once: A may have crashed meanwhile
  writer_ = std::make_unique<EnvelopeWriter>(options_.journal.pipeline, journal->database());
  producer_->while_waiting([this, &journal] { return look_while_waiting(*journal); });
  log::info("capture: reading the journal of {} after batch {}", options_.journal.pipeline,
            static_cast<std::int64_t>(journal->slot().batch.number));
  if (!journal->slot().acknowledged()) {
    JournalRows rows = co_await journal->rows_from_the_first(kMoreRows);
    co_await publish(*journal, std::move(rows), journal->slot().progress);
  }
  co_await stream(*journal);
}

// False when stop was requested before the lock was ours.
Task<bool> CaptureLoop::stand_by(Journal& journal) {
  bool said = false;
  while (!stop_.requested()) {
    const bool ours = co_await journal.try_become_reader();
    if (ours) co_return true;
    if (!said) log::info("capture: another process reads this pipeline; standing by to take over");
    said = true;
    co_await stop_.sleep_for(kStandbyInterval);
  }
  co_return false;
}

Task<void> CaptureLoop::stream(Journal& journal) {
  const auto stopping = stop_.on_request([&journal] { journal.wakeup().end_sleep(); });
  bool locked = false;  // the sleep lock is held
  bool idle = false;    // the last look found nothing
  Woken woken = Woken::not_asleep;
  std::chrono::steady_clock::time_point not_before{};
  while (!stop_.requested()) {
    const auto now = std::chrono::steady_clock::now();
    // The change that woke us comes first: keeping house takes milliseconds.
    const bool called = woken == Woken::by_writer;
    if (!called && now - house_kept_ >= kHouseInterval) co_await keep_house(journal);
    if (!called && idle && now - life_checked_ > kLifeInterval) co_await check_life(journal);
    // Not while the sleep lock is held: every writer would notify, and copying may take long.
    if (!locked && !journal.has_ticks()) {
      const bool copied = co_await copy_some(journal);
      if (copied) continue;
    }
    const auto how = woken == Woken::by_time ? Journal::Look::still_locked
                     : locked                ? Journal::Look::after_unlocking
                     : idle                  ? Journal::Look::after_locking
                                             : Journal::Look::awake;
    const auto too_early = not_before - std::chrono::steady_clock::now();
    if (too_early > 0ms) co_await sleep_for(too_early);
    Journal::Found found = co_await journal.look(how);
    locked = found.locked;
    idle = !found.first_rows.has_value();
    woken = Woken::not_asleep;
    if (found.requested) requests_taken_up_ = {};
    if (found.first_rows) {
      journal.wakeup().found_something();
      const auto opened = std::chrono::steady_clock::now();
      const std::int64_t changes = co_await publish(journal, std::move(*found.first_rows), {});
      if (changes >= kSeveral) not_before = opened + kBatchesApart;
    } else if (how != Journal::Look::awake && !found.requested) {
      woken = co_await wait_for_changes(journal, locked);
    }
  }
  if (!journal.slot().acknowledged()) co_await journal.acknowledge();
}

Task<void> CaptureLoop::look_while_waiting(Journal& journal) {
  co_await journal.tick();
  co_await refuse_missing_topics();
}

// What was acknowledged is gone with its topic. librdkafka does not always say so: a producer whose topic is deleted
// under it may wait for ever.
Task<void> CaptureLoop::refuse_missing_topics() {
  if (!admin_) admin_ = std::make_unique<kafka::Admin>(co_await asio::this_coro::executor, options_.cluster);
  try {
    co_await topic_watch_.look_now(*admin_);
  } catch (const Failure& failure) {
    if (!mendable(failure)) throw;  // else it says nothing about topics
  }
}

// Kafka may take long to answer. A reader whose session on A ended meanwhile has lost its lock, and the slot that it
// read says nothing any more: its successor goes on from there.
Task<void> CaptureLoop::check_life(Journal& journal) {
  std::exception_ptr broken;
  try {
    co_await life_.check(journal.slot());
  } catch (const Failure& failure) {
    if (failure.kind() != ErrorKind::safety) throw;
    broken = std::current_exception();
  }
  if (broken) {
    co_await journal.ping();
    std::rethrow_exception(broken);
  }
  life_checked_ = std::chrono::steady_clock::now();
}

// The ring and the slot change with batches; else slowly (changes to be retained grow old, a transaction ends at last).
Task<void> CaptureLoop::keep_house(Journal& journal) {
  constexpr int kIdleRounds = 3;
  const BatchNo batch = journal.slot().batch.number;
  if (batch != house_kept_at_ || ++idle_rounds_ >= kIdleRounds) {
    const bool all_done = co_await journal.keep_house();
    idle_rounds_ = all_done ? 0 : kIdleRounds;
    house_kept_at_ = batch;
  }
  co_await say_doubts(journal);
  house_kept_ = std::chrono::steady_clock::now();
}

// Each once, until it is gone.
Task<void> CaptureLoop::say_doubts(Journal& journal) {
  std::vector<std::string> doubts = co_await journal.watch_capture();
  for (const auto& doubt : doubts) {
    if (std::find(doubts_.begin(), doubts_.end(), doubt) == doubts_.end()) log::warn("capture: {}", doubt);
  }
  doubts_ = std::move(doubts);
}

// One batch with rows that are to be copied, at first or again; false where there are none.
Task<bool> CaptureLoop::copy_some(Journal& journal) {
  const auto now = std::chrono::steady_clock::now();
  if (now - requests_taken_up_ > kRequestInterval) {
    co_await journal.take_up_requests();
    requests_taken_up_ = now;
  }
  const auto& slot = journal.slot();
  if (slot.requested.empty() && slot.backfills.empty()) co_return false;
  // Those asked for by key first: they are few, and somebody waits.
  auto opening = slot.requested.empty() ? journal.open_with_slice(slot.backfills.front(), kSliceRows)
                                        : journal.open_with_requested(slot.requested.front(), kSliceRows);
  JournalRows rows = co_await std::move(opening);
  co_await publish(journal, std::move(rows), {});
  co_return true;
}

// Writers notify, and so do requests to copy.
Task<CaptureLoop::Woken> CaptureLoop::wait_for_changes(Journal& journal, bool locked) {
  if (!locked) {
    co_await journal.wakeup().pause();
    co_return Woken::not_asleep;
  }
  if (!journal.slot().acknowledged()) {
    if (stop_.requested()) co_return Woken::not_asleep;
    const bool notified = co_await journal.wakeup().sleep(kAcknowledgeAfter);
    if (notified) co_return Woken::by_writer;
    if (stop_.requested()) co_return Woken::not_asleep;
    co_await journal.acknowledge();
  }
  if (stop_.requested()) co_return Woken::not_asleep;
  const bool notified = co_await journal.wakeup().sleep(kHouseInterval);
  co_return notified ? Woken::by_writer : Woken::by_time;
}

Task<std::int64_t> CaptureLoop::publish(Journal& journal, JournalRows first_rows, Progress resume_after) {
  life_.remember(journal.slot());
  fail_point("capture.batch_opened");
  publish::BatchPublisher batch(*producer_, routes_, *writer_, journal.slot().batch, resume_after);
  co_await publish_rows(journal, std::move(first_rows), batch);
  if (journal.slot().has_slice) co_await publish_slices(journal, batch);
  co_await batch.finish();
  fail_point("capture.acked_not_advanced");
  log::debug("capture: batch {} with {} changes", static_cast<std::int64_t>(journal.slot().batch.number),
             batch.changes());
  co_return batch.changes();
}

Task<void> CaptureLoop::publish_rows(Journal& journal, JournalRows rows, publish::BatchPublisher& batch) {
  Change change;
  while (true) {
    capture::ChangeCursor cursor(rows.rows, rows.first_column);
    while (cursor.next(change)) co_await batch.add(change);
    if (rows.last) co_return;
    co_await note_progress(journal, batch);
    rows = co_await journal.rows_after(rows.last_cdc_id, kMoreRows);
  }
}

Task<void> CaptureLoop::publish_slices(Journal& journal, publish::BatchPublisher& batch) {
  Change change;
  std::int64_t piece = -1;
  while (true) {
    const pg::Result slices = co_await journal.stored_slices(piece);
    if (slices.empty()) co_return;
    for (int row = 0; row < slices.rows(); ++row) {
      piece = slices.int64(row, 0);
      capture::SliceCursor cursor(slices.text(row, 2), piece, slices.int64(row, 1), slices.text(row, 3),
                                  slices.text(row, 4));
      while (cursor.next(change)) co_await batch.add(change);
      fail_point("capture.in_the_middle_of_a_slice");
    }
  }
}

Task<void> CaptureLoop::note_progress(Journal& journal, publish::BatchPublisher& batch) {
  const Progress progress = batch.durable_progress();
  if (progress > journal.slot().progress) co_await journal.write_progress(progress);
}

}  // namespace penstock::pipeline
