#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/session.hpp"

namespace penstock::bench {

// A row of the table that every rival copies (bench/sql/employee.sql). All of them pass Penstock's three rules.
struct Employee {
  std::int64_t emp_id = 0;  // the serial's, known once it is written
  std::string first_name, last_name, dob, city;
  int salary = 0;
};

Employee make_employee(std::size_t number);

pg::Params params_of(const Employee& employee);  // of bench/sql/insert_employee.sql

// Tables like bench/sql/employee.sql whose ids come from one sequence, so that an id says which row is meant.
using Tables = std::vector<std::string>;

// Tables on one side, and a session there.
struct Side {
  Session session;
  Tables tables;
};

struct IdRange {
  std::int64_t low = 0, high = 0;
};

// Number of rows in the range, and a hash of all they hold: equal on both sides, or the run has no figure.
std::string fingerprint(Side& side, IdRange ids);
std::int64_t count_of(Side& side, IdRange ids);

// Where the commit times of B are read.
enum class CommitClock {
  transaction,  // pg_xact_commit_timestamp: the server's clock when it wrote the commit record
  wal,          // the same clock out of the record itself: native replication puts A's time into the other
};

// When each row of the range was committed, in milliseconds since 1970. since_lsn: where the WAL was before the first.
std::unordered_map<std::int64_t, double> commit_times(Side& side, IdRange ids, CommitClock clock,
                                                      const std::string& since_lsn);
std::string wal_position(Side& side);

}  // namespace penstock::bench
