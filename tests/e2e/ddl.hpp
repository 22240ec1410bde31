#pragma once
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {

using namespace std::chrono_literals;

// A table t on A and B that is altered while a replicator runs.
class Ddl : public testing::Test {
 protected:
  void create(const std::string& columns, const std::string& options = "") {
    line_.on_both("create table t (" + columns + ")");
    configure(options);
    line_.migrate_and_copy();
  }
  void configure(const std::string& options) { line_.configure("[[table]]\nsource = \"public.t\"\n" + options); }
  void start() { replicator_.emplace(line_.start()); }
  void stop() {
    replicator_->send(SIGTERM);
    EXPECT_EQ(replicator_->wait(15s), 0);
    replicator_.reset();
  }
  void on_a(const std::string& sql) { line_.a().run(sql); }
  void on_b(const std::string& sql) { line_.b().run(sql); }
  // Waits until the replicator's log has the message.
  void expect_waiting(const std::string& message) {
    const auto until = std::chrono::steady_clock::now() + 15s;
    while (std::chrono::steady_clock::now() < until) {
      const std::string log = line_.log();
      const auto found = log.find(message);
      if (found != std::string::npos) return;
      std::this_thread::sleep_for(20ms);
    }
    ADD_FAILURE() << "the replicator did not say: " << message;
  }
  void expect_equal(const std::string& columns = "*") {
    const std::string table = "(select " + columns + " from t)";
    line_.expect_equal(table, table, "id");
  }
  // Without the program's own comparison, for the while that the columns bear other names.
  void expect_same(const std::string& select_a, const std::string& select_b) {
    line_.once();
    const auto rows = [](Database db, const std::string& select) {
      return db.value("select coalesce(string_agg(q::text, ' ' order by q::text), '') from (" + select + ") as q");
    };
    EXPECT_EQ(rows(line_.a(), select_a), rows(line_.b(), select_b));
  }

  Line line_;
  std::optional<Process> replicator_;
};

}  // namespace penstock::test
