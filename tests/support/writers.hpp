#pragma once
#include <chrono>
#include <string>

namespace penstock::test {

struct WriterOptions {
  int connections = 4;
  std::chrono::milliseconds duration{5'000};
  double bad_share = 0;  // of inserted and updated rows break a rule
  unsigned seed = 1;
  std::chrono::microseconds pause{500};  // between transactions
};

// What the writers did. Every change is one row of one statement that was committed.
struct WriterReport {
  long long changes = 0;
  long long transactions = 0;
  int failed = 0;  // statements; must stay 0
  std::string first_error;
  double longest_ms = 0;  // of one statement
};

// A seeded mix on employee_a: inserts, updates, deletes, multi-row statements, several statements a transaction,
// rollbacks. Each connection keeps to keys of its own, so that no writer waits for another.
WriterReport write_employees(const std::string& dsn, const WriterOptions& options);

}  // namespace penstock::test
