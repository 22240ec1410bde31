#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "apply/batch_plan.hpp"
#include "base/task.hpp"
#include "pg/connection.hpp"

namespace penstock::apply {

// A row that B refused, and why.
struct Refused {
  const Record* record;
  pg::Error error;
};

// Does something to these changes in one go; throws pg::Error when one of them is refused.
using Attempt = std::function<Task<void>(std::span<const Record* const>)>;

// Attempts all changes; where that fails because of a row, halves them until the refused stand alone. The others'
// effects stay. Inside an open transaction; each attempt runs under a savepoint. k refused of n rows cost some
// 2 k log2(n) attempts.
Task<std::vector<Refused>> isolate(pg::Connection& connection, std::span<const Record* const> changes,
                                   const Attempt& attempt);

// Attempts them all or nothing under a savepoint: the error of a refused row, or nullopt. Other errors are thrown.
Task<std::optional<pg::Error>> attempt_once(pg::Connection& connection, std::span<const Record* const> changes,
                                            const Attempt& attempt);

}  // namespace penstock::apply
