#include "pg/connection.hpp"

#include <optional>

#include "base/check.hpp"
#include "pg/connect.hpp"
#include "pg/report.hpp"
#include "pg/socket.hpp"

namespace penstock::pg {
namespace {

// A statement may take hours, but so long a silence, or a server that takes nothing more, is looked into.
constexpr std::chrono::seconds kSilence{5};

// Whether a session of ours waits for us although we wait for it; it is ended then, for it holds locks that our next
// one needs. No row: there is no such session.
constexpr std::string_view kEndWaitingSession =
    "select case when (state <> 'active' or wait_event_type = 'Client') and clock_timestamp() - state_change > "
    "interval '4s' then pg_terminate_backend(pid) else false end from pg_stat_activity where pid = $1";

}  // namespace

struct Connection::Impl {
  ConnectionHandle handle;
  Socket socket;
  ConnectOptions options;
  const std::string& name = options.name;
  std::string server_process;
  bool waits_for_notification = false;
  bool asks_for_another = false;  // a second connection, to find out about a silent one
  bool busy = false;  // a call began and has not ended: after an exception in between libpq's state is unknown
  std::size_t failed_step = 0;

  Impl(const asio::any_io_executor& executor, Opened opened, ConnectOptions where)
      : handle(std::move(opened.handle)),
        socket(executor),
        options(std::move(where)),
        server_process(std::move(opened.server_process)) {
    socket.attach(PQsocket(handle.get()));
  }

  bool broken() const { return busy || PQstatus(handle.get()) != CONNECTION_OK; }
  [[noreturn]] void lost() { throw connection_lost(handle.get(), name); }

  void begin() {
    if (broken()) throw Error(ErrorKind::transient, "", "", name + ": the connection is gone");
    busy = true;
  }
  void end() { busy = false; }
  // An error that libpq made itself, in the middle of a result, leaves the connection in no known state.
  [[noreturn]] void end_with(const Error& error) {
    busy = error.sqlstate().empty();
    throw error;
  }

  void send_statement(const Step& step) {
    const std::string text(step.statement);
    const Params& p = step.params;
    const int sent =
        step.prepared
            ? PQsendQueryPrepared(handle.get(), text.c_str(), p.size(), p.values(), nullptr, nullptr, 0)
            : PQsendQueryParams(handle.get(), text.c_str(), p.size(), nullptr, p.values(), nullptr, nullptr, 0);
    if (sent == 0) lost();
  }

  Task<void> flush() {
    while (true) {
      const int left = PQflush(handle.get());
      if (left < 0) lost();
      if (left == 0) co_return;
      const bool moved = co_await socket.readable_or_writable_within(kSilence);
      if (!moved) co_await look_into_silence();
      if (PQconsumeInput(handle.get()) == 0) lost();
    }
  }

  // `if (waiting()) co_await receive(); take();` rather than one Task: most results of a pipeline are there already,
  // and then cost no coroutine.
  bool waiting() const { return PQisBusy(handle.get()) == 1; }
  Task<void> receive() {
    while (waiting()) {
      const bool came = co_await socket.readable_within(kSilence);
      if (!came) co_await look_into_silence();
      if (PQconsumeInput(handle.get()) == 0) lost();
    }
  }
  // TCP's own time-outs do not end every silence: what stands between us and the server (a proxy, a balancer, a frozen
  // host) may acknowledge what it never delivers. Throws when no answer is to be expected any more.
  Task<void> look_into_silence() {
    std::string found = "it does not answer a second connection either";
    bool lost = asks_for_another;
    if (!lost) {
      try {
        lost = co_await ended_by_another();
        found = "the server has no statement of ours at work";
      } catch (const Error& error) {
        // A refusal (too many connections) is a sign of life.
        lost = error.sqlstate().empty();
      }
    }
    if (!lost) co_return;
    throw Error(ErrorKind::transient, "", "",
                name + ": no answer for " + std::to_string(kSilence.count()) + " s, and " + found +
                    "; taking the connection for lost");
  }
  Task<bool> ended_by_another() {
    Opened second = co_await open_connection(options);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Connection other(std::make_unique<Impl>(executor, std::move(second), options));
    other.impl_->asks_for_another = true;
    const Result ended = co_await other.query(kEndWaitingSession, Params::of(server_process));
    co_return ended.empty() || ended.boolean(0, 0);
  }
  // The next result; null where libpq returns null (the end of a statement).
  ResultHandle take() {
    ResultHandle result(PQgetResult(handle.get()));
    const auto status = PQresultStatus(result.get());
    // libpq would return this one for ever.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      throw Failure(ErrorKind::bug, name + ": COPY is not a statement for query(), script() or pipeline()");
    }
    return result;
  }

  // Collects the one result of a statement that was sent; throws its error once the connection is usable again.
  Task<Result> collect() {
    co_await flush();
    ResultHandle last;
    std::optional<Error> error;
    while (true) {
      if (waiting()) co_await receive();
      ResultHandle result = take();
      if (!result) break;
      if (is_error(result.get()) && !error) error = server_error(result.get(), name);
      last = std::move(result);
      // A connection that died reports an error result and then null for ever.
      if (PQstatus(handle.get()) != CONNECTION_OK) lost();
    }
    if (error) end_with(*error);
    end();
    co_return Result(last.release());
  }

  // The result of one step of a pipeline; the first error among them is kept.
  void keep(ResultHandle result, std::size_t step, std::vector<Result>& results, std::optional<Error>& error) {
    if (!result) lost();
    if (is_error(result.get()) && !error) {
      error = server_error(result.get(), name);
      failed_step = step;
    }
    // Behind a failed step the server skips the others: PGRES_PIPELINE_ABORTED.
    results.emplace_back(result.release());
  }
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Task<Connection> Connection::connect(ConnectOptions options) {
  auto executor = co_await asio::this_coro::executor;
  Opened opened = co_await open_connection(options);
  co_return Connection(std::make_unique<Impl>(executor, std::move(opened), options));
}

Task<Result> Connection::query(std::string_view sql, const Params& params) {
  impl_->begin();
  const std::string text(sql);
  if (PQsendQueryParams(impl_->handle.get(), text.c_str(), params.size(), nullptr, params.values(), nullptr, nullptr,
                        0) == 0) {
    impl_->lost();
  }
  Result result = co_await impl_->collect();
  co_return result;
}

Task<void> Connection::script(std::string_view sql) {
  impl_->begin();
  const std::string text(sql);
  if (PQsendQuery(impl_->handle.get(), text.c_str()) == 0) impl_->lost();
  co_await impl_->collect();
}

Task<void> Connection::prepare(std::string_view name, std::string_view sql) {
  impl_->begin();
  const std::string statement(name);
  const std::string text(sql);
  if (PQsendPrepare(impl_->handle.get(), statement.c_str(), text.c_str(), 0, nullptr) == 0) impl_->lost();
  co_await impl_->collect();
}

Task<Result> Connection::execute(std::string_view name, const Params& params) {
  impl_->begin();
  const std::string statement(name);
  if (PQsendQueryPrepared(impl_->handle.get(), statement.c_str(), params.size(), params.values(), nullptr, nullptr,
                          0) == 0) {
    impl_->lost();
  }
  Result result = co_await impl_->collect();
  co_return result;
}

Task<std::vector<Result>> Connection::pipeline(std::span<const Step> steps) {
  impl_->begin();
  PGconn* handle = impl_->handle.get();
  if (PQenterPipelineMode(handle) == 0) impl_->lost();
  for (const Step& step : steps) impl_->send_statement(step);
  if (PQpipelineSync(handle) == 0) impl_->lost();
  co_await impl_->flush();

  std::vector<Result> results;
  results.reserve(steps.size());
  std::optional<Error> error;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (impl_->waiting()) co_await impl_->receive();
    impl_->keep(impl_->take(), i, results, error);
    if (impl_->waiting()) co_await impl_->receive();
    if (const ResultHandle behind = impl_->take()) impl_->lost();
  }
  if (impl_->waiting()) co_await impl_->receive();
  const ResultHandle sync = impl_->take();
  if (!sync || PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) impl_->lost();
  if (PQexitPipelineMode(handle) == 0) impl_->lost();
  if (error) impl_->end_with(*error);
  impl_->end();
  co_return results;
}

std::size_t Connection::failed_step() const { return impl_->failed_step; }

Task<bool> Connection::wait_notification(std::chrono::milliseconds timeout) {
  impl_->begin();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool notified = false;
  while (true) {
    if (PQconsumeInput(impl_->handle.get()) == 0) impl_->lost();
    while (std::unique_ptr<PGnotify, FreeMemory> notification{PQnotifies(impl_->handle.get())}) notified = true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (notified || left.count() <= 0) break;
    impl_->waits_for_notification = true;
    const bool came = co_await impl_->socket.readable_within(left);
    impl_->waits_for_notification = false;
    if (!came) break;
  }
  impl_->end();
  co_return notified;
}

void Connection::end_wait_notification() {
  if (impl_->waits_for_notification) impl_->socket.end_wait();
}

std::string Connection::quote_identifier(std::string_view name) const {
  const std::unique_ptr<char, FreeMemory> quoted(PQescapeIdentifier(impl_->handle.get(), name.data(), name.size()));
  PENSTOCK_CHECK(quoted != nullptr);
  return quoted.get();
}

bool Connection::broken() const { return impl_->broken(); }

bool Connection::in_transaction() const {
  const auto status = PQtransactionStatus(impl_->handle.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

int Connection::server_version() const { return PQserverVersion(impl_->handle.get()); }

int Connection::socket() const { return PQsocket(impl_->handle.get()); }

}  // namespace penstock::pg
