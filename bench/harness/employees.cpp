#include "harness/employees.hpp"

#include <spdlog/fmt/fmt.h>

namespace penstock::bench {

Employee make_employee(std::size_t number) {
  return {0,
          fmt::format("First {}", number % 10'000),
          fmt::format("Last {}", number),
          fmt::format("20{}-{:02}-{:02}", 10 + number % 13, 1 + number % 12, 1 + number % 28),
          "Perth",
          20'000 + static_cast<int>(number % 50'000)};
}

pg::Params params_of(const Employee& employee) {
  return pg::Params::of(employee.first_name, employee.last_name, employee.dob, employee.city, employee.salary);
}

std::string fingerprint(Side& side, IdRange ids) {
  std::string all;
  for (const std::string& table : side.tables) {
    all.append(all.empty() ? "" : ",");
    all.append(side.session.value(sql_file("fingerprint", table), pg::Params::of(ids.low, ids.high)));
  }
  return all;
}

std::int64_t count_of(Side& side, IdRange ids) {
  std::int64_t all = 0;
  for (const std::string& table : side.tables) {
    all += side.session.number(sql_file("count", table), pg::Params::of(ids.low, ids.high));
  }
  return all;
}

std::unordered_map<std::int64_t, double> commit_times(Side& side, IdRange ids, CommitClock clock,
                                                      const std::string& since_lsn) {
  const std::string name = clock == CommitClock::wal ? "commit_times_wal" : "commit_times";
  pg::Params params = pg::Params::of(ids.low, ids.high);
  if (clock == CommitClock::wal) {
    params.add(since_lsn);
    // Only flushed WAL can be read, and those whose commits do not wait may have some that is not.
    side.session.run("select pg_logical_emit_message(true, 'bench', '')");
  }
  std::unordered_map<std::int64_t, double> times;
  for (const std::string& table : side.tables) {
    for (const auto& row : side.session.rows(sql_file(name, table), params)) {
      times[std::stoll(row[0])] = std::stod(row[1]);
    }
  }
  return times;
}

std::string wal_position(Side& side) { return side.session.value("select pg_current_wal_lsn()"); }

}  // namespace penstock::bench
