#pragma once
#include <chrono>
#include <functional>

#include "random/statements.hpp"
#include "random/story.hpp"
#include "support/database.hpp"

namespace penstock::test {

using Clock = std::chrono::steady_clock;

// Whether a writer or an alteration of his can run into this error without Penstock. One that names us never is.
bool expected(const SqlError& error);

// A connection to A with settings of its own, and random transactions.
class Writer {
 public:
  using Connect = std::function<Database()>;
  // Where A may crash, a lost connection is no complaint, but made again.
  Writer(int number, std::uint64_t seed, Connect connect, bool a_may_crash, const LiveSchema& schema, Story& story);

  void write_until(Clock::time_point end);
  const std::string& complaint() const { return complaint_; }

 private:
  void open_session();
  void choose_settings();
  void reconnect();
  void settle_prepared();
  void transaction();
  void end_transaction(bool sound);
  bool step();
  bool change();
  bool run(const std::string& sql);
  bool copy_in(const Statement& statement);
  bool attempt(const std::string& sql, const std::function<void()>& act);

  const std::string name_;
  Random random_;
  const Connect connect_;
  const bool a_may_crash_;
  const LiveSchema& live_;
  std::shared_ptr<const RandomSchema> schema_;
  Story& story_;
  Database a_;
  bool can_prepare_ = false;
  bool lost_ = false;  // the connection
  std::string complaint_;
};

}  // namespace penstock::test
