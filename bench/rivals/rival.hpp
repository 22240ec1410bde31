#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/employees.hpp"

namespace penstock::bench {

// What a rival works on: a database of its own on each side, with the table employee, and topics under a prefix.
struct Place {
  std::string dsn_a, dsn_b;  // a superuser's
  std::string kafka;         // host:port
  std::string topic_prefix;  // of this run and rival alone
  std::string directory;     // for its files
  std::string table_a = "employee", table_b = "employee";
};

// One way to get the rows from A to B. The harness makes its place, writes to A, and looks at B; a rival only copies.
class Rival {
 public:
  explicit Rival(Place place) : place_(std::move(place)) {}
  virtual ~Rival() = default;
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

  virtual std::string name() const = 0;
  virtual void start() = 0;  // begins to copy: what is committed from here on arrives
  virtual void stop() = 0;   // nothing of it is left, on the servers neither
  // While others are measured. What costs nothing at rest has nothing to do here.
  virtual void pause() {}
  virtual void resume() {}

  // The writers tell of each commit. Only the floor listens: everybody else has to find out.
  virtual void committed(const Employee&) {}
  // B's table when A's was truncated; true: the rival does so by itself.
  virtual bool copies_truncate() const { return false; }

  // Rows that never arrive are told and counted, and do not fail the benchmark.
  virtual bool may_lose() const { return false; }

  virtual std::vector<pid_t> processes() const { return {}; }  // whose processor time and memory are its own
  virtual CommitClock clock() const { return CommitClock::transaction; }

  const Place& place() const { return place_; }
  // tables: others than the place's.
  Side side_a(const Tables& tables = {}) const {
    return {Session(place_.dsn_a), tables.empty() ? Tables{place_.table_a} : tables};
  }
  Side side_b(const Tables& tables = {}) const {
    return {Session(place_.dsn_b), tables.empty() ? Tables{place_.table_b} : tables};
  }

 private:
  Place place_;
};

}  // namespace penstock::bench
