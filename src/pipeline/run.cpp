#include "pipeline/run.hpp"

#include <csignal>
#include <cstdlib>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "apply/batch/applier.hpp"
#include "apply/key/key_applier.hpp"
#include "base/log.hpp"
#include "base/outage.hpp"
#include "base/stop.hpp"
#include "kafka/admin.hpp"
#include "ops/spec.hpp"
#include "pipeline/capture_loop.hpp"
#include "pipeline/once.hpp"

namespace penstock::pipeline {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using Role = RunOptions::Role;

// How long the batch in hand may take once stop was requested; what is not done then is taken up at the next start.
// With what ending takes it is 10 s at most: a client of Kafka whose coordinator went in the middle of a question keeps
// the thread for a second when it is destroyed, the applier's before this time begins, the others' behind it.
constexpr auto kStopWithin = 7s;
constexpr std::string_view kEndedEarly =
    "ending without waiting any longer: nothing is lost, the next start takes up what is unfinished";

// First signal: finish the batch in hand. Second one: end at once; the slot and B's offsets know the rest.
Task<void> obey_signals(StopToken& stop) {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
  co_await signals.async_wait(asio::use_awaitable);
  log::info("asked to stop: finishing the batch in hand (once more to end at once)");
  stop.request();
  co_await signals.async_wait(asio::use_awaitable);
  log::warn(kEndedEarly);
  std::_Exit(0);
}

// A server that is away is waited for; what is not installed, or not as the file says, is not. Nothing when stop was
// requested before the server came.
Task<std::optional<PipelineSpec>> load_spec_patiently(const Config& config, Role role, StopToken& stop) {
  Outage outage("run");
  const bool from_a = role == Role::capture;
  while (!stop.requested()) {
    std::exception_ptr failed;
    try {
      const pg::ConnectOptions where(from_a ? config.source.dsn : config.target.dsn, from_a ? "A" : "B");
      pg::Connection connection = co_await pg::Connection::connect(where);
      PipelineSpec spec = co_await ops::load_spec(config, connection);
      co_return spec;
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      failed = std::current_exception();
    }
    co_await outage.wait(failed, stop);
  }
  co_return std::nullopt;
}

CaptureLoop::Options capture_options(const Config& config, const PipelineSpec& spec) {
  CaptureLoop::Options options;
  options.journal.dsn = config.source.dsn;
  options.journal.pipeline = spec.pipeline;
  options.journal.retain = config.pipeline.retain;
  options.cluster = {config.kafka.bootstrap_servers, config.kafka.producer};
  options.reading = {config.kafka.bootstrap_servers, config.kafka.consumer};
  options.reading_group = kafka::consumer_group(config.kafka.topic_prefix, spec.pipeline);
  for (const auto& table : spec.tables) {
    options.routes.push_back({table.relation, table.source_schema, table.source_table, table.topic, table.partitions,
                              KeyExtractor(table.key)});
  }
  return options;
}

apply::ApplierOptions apply_options(const Config& config, const PipelineSpec& spec) {
  apply::ApplierOptions options;
  options.pipeline = spec.pipeline;
  options.target_dsn = config.target.dsn;
  options.consumer = {config.kafka.bootstrap_servers, config.kafka.consumer};
  options.consumer_group = kafka::consumer_group(config.kafka.topic_prefix, spec.pipeline);
  options.producer = {config.kafka.bootstrap_servers, config.kafka.producer};
  options.tables = spec.tables;
  options.dead_letter_topic = spec.dead_letter_topic;
  return options;
}

Task<void> nothing() { co_return; }

// Ends kStopWithin after stop was requested.
Task<void> lose_patience(StopToken& stop) {
  while (!stop.requested()) co_await stop.sleep_for(1h);
  co_await sleep_for(kStopWithin);
  log::warn(kEndedEarly);
}

// What runs side by side until all of it has ended; the first failure ends the others.
struct Work {
  StopToken stop;
  std::exception_ptr failed;
  int code = 0;

  explicit Work(const asio::any_io_executor& executor) : stop(executor) {}
};

// A failure stays inside: thrown out of one of several coroutines that Asio waits for, it would cancel the others in
// the middle of a batch, and its text would be lost among "multiple exceptions".
Task<void> member(Task<void> task, Work& work) {
  try {
    co_await std::move(task);
    co_return;
  } catch (const boost::system::system_error&) {
    co_return;  // cancelled: patience is over
  } catch (...) {
    if (!work.failed) work.failed = std::current_exception();
  }
  work.stop.request();
}

Task<void> run_applier(const Config& config, const PipelineSpec& spec, StopToken& stop) {
  if (spec.by_key) {
    apply::KeyApplier applier(apply_options(config, spec));
    co_await applier.run(stop);
  } else {
    apply::Applier applier(apply_options(config, spec));
    co_await applier.run(stop);
  }
}

Task<void> run_loops(const Config& config, Role role, Work& work) {
  const std::optional<PipelineSpec> spec = co_await load_spec_patiently(config, role, work.stop);
  if (!spec) co_return;
  CaptureLoop capture(capture_options(config, *spec), work.stop);
  auto captured = member(role == Role::apply ? nothing() : capture.run(), work);
  auto applied = member(role == Role::capture ? nothing() : run_applier(config, *spec, work.stop), work);
  co_await (std::move(captured) && std::move(applied));
}

// Ends the loops once B has everything, or when nothing moves.
Task<void> watch_delivery(Once once, Work& work) {
  work.code = co_await once.wait(work.stop);
  work.stop.request();
}

Task<void> run_members(const Config& config, const RunOptions& options, Work& work) {
  auto loops = member(run_loops(config, options.role, work), work);
  const Once once{config, options.timeout};
  auto watch = member(options.once ? watch_delivery(once, work) : nothing(), work);
  co_await (std::move(loops) && std::move(watch));
}

}  // namespace

Task<int> run(const Config& config, const RunOptions& options) {
  auto executor = co_await asio::this_coro::executor;
  Work work(executor);
  asio::co_spawn(executor, obey_signals(work.stop), asio::detached);
  auto members = run_members(config, options, work);
  auto too_long = lose_patience(work.stop);
  co_await (std::move(members) || std::move(too_long));
  if (work.failed) std::rethrow_exception(work.failed);
  log::info("stopped");
  co_return work.code;
}

}  // namespace penstock::pipeline
