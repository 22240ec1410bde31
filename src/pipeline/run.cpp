#include "pipeline/run.hpp"

#include <csignal>
#include <cstdlib>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "apply/applier.hpp"
#include "base/log.hpp"
#include "base/outage.hpp"
#include "base/stop.hpp"
#include "ops/spec.hpp"
#include "pipeline/capture_loop.hpp"
#include "pipeline/once.hpp"

namespace penstock::pipeline {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using Role = RunOptions::Role;

// How long the batch in hand may take once stop was requested; what is not done then is taken up at the next start.
constexpr auto kStopWithin = 10s;

// First signal: finish the batch in hand. Second one, or too long: end at once; the slot and B's offsets know the rest.
Task<void> obey_signals(StopToken& stop) {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
  co_await signals.async_wait(asio::use_awaitable);
  log::info("asked to stop: finishing the batch in hand (once more to end at once)");
  stop.request();
  asio::steady_timer patience(co_await asio::this_coro::executor, kStopWithin);
  auto again = signals.async_wait(asio::use_awaitable);
  auto too_long = patience.async_wait(asio::use_awaitable);
  co_await (std::move(again) || std::move(too_long));
  log::warn("ending in the middle of a batch: nothing is lost, the next start takes it up");
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
  options.journal = {config.source.dsn, spec.pipeline};
  options.cluster = {config.kafka.bootstrap_servers, config.kafka.producer};
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
  options.producer = {config.kafka.bootstrap_servers, config.kafka.producer};
  options.tables = spec.tables;
  options.dead_letter_topic = spec.dead_letter_topic;
  return options;
}

Task<void> nothing() { co_return; }

// Both loops until they end; the first that fails ends the other.
Task<void> run_loops(const Config& config, Role role, StopToken& stop) {
  const std::optional<PipelineSpec> spec = co_await load_spec_patiently(config, role, stop);
  if (!spec) co_return;
  CaptureLoop capture(capture_options(config, *spec), stop);
  apply::Applier applier(apply_options(config, *spec));
  auto captured = role == Role::apply ? nothing() : capture.run();
  auto applied = role == Role::capture ? nothing() : applier.run(stop);
  co_await (std::move(captured) && std::move(applied));
}

// A failure as a value: of two coroutines raced against each other, Asio waits for one that succeeds.
template <class T>
Task<std::exception_ptr> caught(Task<T> task) {
  try {
    co_await std::move(task);
  } catch (const Failure&) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

// Ends when B has everything (the loops then finish the batch in hand), or with exit 3 when nothing moves, loops or
// not.
Task<void> watch_delivery(Once once, StopToken& stop, int& code) {
  code = co_await once.wait();
  if (code != 0) co_return;
  stop.request();
  co_await sleep_for(kStopWithin);
}

Task<int> run_until_delivered(const Config& config, const RunOptions& options, StopToken& stop) {
  int code = 0;
  const Once once{config.pipeline.name, config.source.dsn, config.target.dsn, options.timeout};
  auto loops = caught(run_loops(config, options.role, stop));
  auto watch = caught(watch_delivery(once, stop, code));
  const auto first = co_await (std::move(loops) || std::move(watch));
  const std::exception_ptr failed = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
  if (failed) std::rethrow_exception(failed);
  co_return code;
}

}  // namespace

Task<int> run(const Config& config, const RunOptions& options) {
  auto executor = co_await asio::this_coro::executor;
  StopToken stop(executor);
  asio::co_spawn(executor, obey_signals(stop), asio::detached);
  int code = 0;
  if (options.once) {
    code = co_await run_until_delivered(config, options, stop);
  } else {
    co_await run_loops(config, options.role, stop);
  }
  log::info("stopped");
  co_return code;
}

}  // namespace penstock::pipeline
