#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"

namespace penstock::ops {

// Waits for a session advisory lock by asking again and again (a queued request would show up as a waiter in front of
// others). Says after a second what it waits for, and who holds it. After `longest` throws Failure(transient)
// with the message.
Task<void> wait_for_lock(pg::Connection& connection, std::string_view pipeline, std::string_view what,
                         std::chrono::seconds longest, const std::string& message);
Task<void> unlock(pg::Connection& connection, std::string_view pipeline, std::string_view what);

// The schema is shared by all pipelines of a database: creating, upgrading and dropping it is for one at a time.
Task<void> wait_for_schema(pg::Connection& connection, const std::string& side);
Task<void> unlock_schema(pg::Connection& connection);

// Throws Failure(usage) where a database would be A and B at once.
Task<void> refuse_one_database(pg::Connection& a, pg::Connection& b);

struct Statement {
  std::string_view sql;
  pg::Params params;
};

// Runs statements in one transaction under a short lock_timeout, again and again while a lock is not to be had: DDL
// that queued behind an idle transaction would hold up every writer behind it. Says so after the first failure.
Task<void> run_patiently(pg::Connection& connection, const std::vector<Statement>& statements, const std::string& what);

}  // namespace penstock::ops
