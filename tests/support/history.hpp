#pragma once
#include <map>
#include <string>
#include <vector>

#include "support/broker.hpp"
#include "support/database.hpp"

namespace penstock::test {

// What happened to employee_a, row by row: for each emp_id the images "dob|salary|city" it went through, "" for a
// deletion, oldest first.
using History = std::map<std::string, std::vector<std::string>>;

// A's own account, kept by a row trigger of the test's: a second witness that knows nothing of Penstock. Rolled back
// changes leave no trace in it, and a crash of A loses what A loses.
void keep_history(Database a);
History history_of(Database a);
// Changes that were committed since keep_history().
long long changes_of(Database a);
// How many of them each of the three sample rules refuses; a row that breaks several counts for the first one.
std::map<std::string, long long> expected_rejects(Database a);

// The same account from the topic's records: by position, so that a record sent again after a crash counts once. Throws
// where a position stands for two different changes. Records of the initial copy are left out.
History history_of(const std::vector<KafkaRecord>& records);

}  // namespace penstock::test
