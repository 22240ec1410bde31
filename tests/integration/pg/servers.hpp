#pragma once
#include <cstdlib>
#include <optional>
#include <string>

#include "pg/connection.hpp"
#include "support/coroutine.hpp"

namespace penstock::pg {

inline std::string dsn_of_a() {
  const char* dsn = std::getenv("PENSTOCK_TEST_A");
  if (dsn == nullptr) throw Failure(ErrorKind::usage, "PENSTOCK_TEST_A is not set: tests/run starts the servers");
  return dsn;
}

// With another parameter, "options=-cwork_mem%3D1MB".
inline std::string dsn_of_a_with(const std::string& parameter) {
  const std::string dsn = dsn_of_a();
  return dsn + (dsn.find('?') == std::string::npos ? "?" : "&") + parameter;
}

inline Task<Connection> connect() {
  Connection connection = co_await Connection::connect({dsn_of_a(), "A"});
  co_return connection;
}

inline Task<void> terminate(Connection& other, std::int64_t pid) {
  co_await other.query("select pg_terminate_backend($1, 5000)", Params::of(pid));
}

// The failure that a coroutine ends with.
template <class Make>
std::optional<Failure> failure_of(Make make) {
  try {
    test::run_task(make);
  } catch (const Failure& failure) {
    return failure;
  }
  return std::nullopt;
}

// The pg::Error that a coroutine ends with.
template <class Make>
std::optional<Error> error_of(Make make) {
  try {
    test::run_task(make);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace penstock::pg
