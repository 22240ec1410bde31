#include "apply/slow/row_isolation.hpp"

#include "apply/rejects/reject.hpp"

namespace penstock::apply {

Task<std::optional<pg::Error>> attempt_once(pg::Connection& connection, std::span<const Record* const> changes,
                                            const Attempt& attempt) {
  std::optional<pg::Error> error;
  co_await connection.script("savepoint penstock_isolate");
  try {
    co_await attempt(changes);
  } catch (const pg::Error& e) {
    if (!row_is_to_blame(e)) throw;
    error = e;
  }
  if (error) co_await connection.script("rollback to savepoint penstock_isolate");
  co_await connection.script("release savepoint penstock_isolate");
  co_return error;
}

namespace {

Task<void> narrow(pg::Connection& connection, std::span<const Record* const> changes, const Attempt& attempt,
                  std::vector<Refused>& refused) {
  if (changes.empty()) co_return;
  const std::optional<pg::Error> error = co_await attempt_once(connection, changes, attempt);
  if (!error) co_return;
  if (changes.size() == 1) {
    refused.push_back({changes.front(), *error});
    co_return;
  }
  const std::size_t half = changes.size() / 2;
  co_await narrow(connection, changes.first(half), attempt, refused);
  co_await narrow(connection, changes.subspan(half), attempt, refused);
}

}  // namespace

Task<std::vector<Refused>> isolate(pg::Connection& connection, std::span<const Record* const> changes,
                                   const Attempt& attempt) {
  std::vector<Refused> refused;
  co_await narrow(connection, changes, attempt, refused);
  co_return refused;
}

}  // namespace penstock::apply
