#pragma once
#include "apply/key/key_session.hpp"

namespace penstock::apply {

// The first of its copies that comes to B is executed. Nothing that stands behind it in any partition can be on B by
// then, for its applier would have come to its own copy first; and what stands before it in another one is not applied
// any more.
// Returns when its transaction is committed. Without `wait` the rows that others refer to stay, and the log says so.
// Throws Fenced, pg::Error.
Task<void> execute_truncate(KeySession& session, Unit& unit, bool wait);

}  // namespace penstock::apply
