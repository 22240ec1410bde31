#include "ops/doctor.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "model/json_text.hpp"
#include "ops/migrations.hpp"
#include "ops/patience.hpp"
#include "ops/plan.hpp"
#include "ops/retention.hpp"
#include "ops/spec.hpp"
#include "ops/status.hpp"
#include "ops/topics.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

// One check finds problems, each with its cure.
using Problems = std::vector<std::string>;

Problems first_column(const pg::Result& rows) {
  Problems problems;
  for (int row = 0; row < rows.rows(); ++row) problems.emplace_back(rows.text(row, 0));
  return problems;
}

class Doctor {
 public:
  explicit Doctor(const Config& config) : config_(config) {}

  Task<Diagnosis> run() {
    co_await check("A: connection", connect(a_, config_.source.dsn, "A"));
    co_await check("B: connection", connect(b_, config_.target.dsn, "B"));
    if (a_) co_await check_server(*a_, "A", sql::source_migrations());
    if (b_) co_await check_server(*b_, "B", sql::target_migrations());
    if (a_ && b_) {
      for (const auto& table : config_.tables) co_await check(table.source, check_table(table));
      co_await check("Kafka: connection", connect_kafka());
      if (kafka_) co_await check("installation", check_installation());
      if (installed_) co_await check_installed();
    }
    co_return std::move(diagnosis_);
  }

 private:
  // Runs one; what it throws is a problem like any other.
  Task<void> check(std::string name, Task<Problems> task) {
    Problems problems;
    try {
      problems = co_await std::move(task);
    } catch (const Failure& failure) {
      diagnosis_.away = diagnosis_.away || failure.transient();
      problems.emplace_back(failure.what());
    }
    if (problems.empty()) diagnosis_.checks.push_back({name, ""});
    for (auto& problem : problems) diagnosis_.checks.push_back({name, std::move(problem)});
  }

  Task<Problems> connect(std::optional<pg::Connection>& connection, const std::string& dsn, std::string side) {
    const pg::ConnectOptions where(dsn, std::move(side));
    std::string refused;
    try {
      pg::Connection fresh = co_await pg::Connection::connect(where);
      connection.emplace(std::move(fresh));
      co_return Problems();
    } catch (const Failure& failure) {
      refused = failure.what();
    }
    diagnosis_.away = true;  // refused or away: the program cannot go on either way
    co_return Problems{refused};
  }

  Task<Problems> connect_kafka() {
    std::string refused;
    try {
      co_await ask_kafka(config_);
      kafka_ = true;
      co_return Problems();
    } catch (const Failure& failure) {
      refused = failure.what();
    }
    diagnosis_.away = true;
    co_return Problems{refused};
  }

  Task<void> check_server(pg::Connection& connection, const std::string& side, std::span<const sql::Migration> all) {
    co_await check(side + ": settings", check_settings(connection, side == "A"));
    co_await check(side + ": migrations", check_migrations(connection, all));
  }

  Task<Problems> check_settings(pg::Connection& connection, bool is_a) {
    const pg::Result rows = co_await connection.query(sql::common::server_problems, pg::Params::of(is_a));
    co_return first_column(rows);
  }

  Task<Problems> check_migrations(pg::Connection& connection, std::span<const sql::Migration> all) {
    const auto states = co_await migration_states(connection, all);
    Problems problems;
    for (const auto& state : states) {
      const std::string name = fmt::format("migration {:03} {} ", state.migration.number, state.migration.name);
      if (state.applied_at.empty()) {
        problems.push_back(name + "is not applied: run `penstock migrate`");
        break;
      }
      if (!state.checksum_fits) problems.push_back(name + "was applied with another text: use the version that did");
    }
    co_return problems;
  }

  // The rules of migrate, for one table alone, so that the first one in trouble does not hide the others.
  Task<Problems> check_table(const Config::Table& table) {
    Config alone = config_;
    alone.tables = {table};
    const Resolved resolved = co_await resolve(alone, *a_, *b_);
    Problems problems;
    for (const auto* side : {&resolved.on_a, &resolved.on_b}) {
      for (const auto& index : *side) {
        problems.push_back("its key has no unique index " + index.name + ": run `penstock migrate`, which builds it");
      }
    }
    co_return problems;
  }

  Task<Problems> check_installation() {
    co_await refuse_one_database(*a_, *b_);
    installed_ = (co_await spec_if_stored(*b_, config_.pipeline.name)).has_value();
    const MigratePlan plan = co_await make_plan(config_, *a_, *b_);
    Problems problems;
    for (const auto& topic : plan.topics) {
      problems.push_back("topic " + topic.name + " is missing: " +
                         (installed_ ? topic.name == plan.resolved.spec.dead_letter_topic
                                           ? "it was deleted; `penstock migrate` makes it again"
                                           : "it was deleted, and with it changes on their way; `penstock migrate "
                                             "--new-epoch` makes it again and copies everything"
                                     : "run `penstock migrate`"));
    }
    if (!plan.stands()) problems.emplace_back("the configuration is not what is installed: run `penstock migrate`");
    co_return problems;
  }

  Task<void> check_installed() {
    co_await check("triggers", check_doubts());
    co_await check("retention", check_retention());
    co_await check("replicator", check_replicator());
  }

  Task<Problems> check_doubts() {
    const pg::Result doubts =
        co_await a_->query("select message from penstock.doubts($1)", pg::Params::of(config_.pipeline.name));
    co_return first_column(doubts);
  }

  Task<Problems> check_retention() {
    const PipelineSpec spec = co_await stored_spec(*b_, config_.pipeline.name);
    Problems problems = co_await retention_problems(config_, spec, *b_);
    co_return problems;
  }

  Task<Problems> check_replicator() {
    const Status status = co_await read_status(config_);
    Problems problems;
    if (status.state == "stalled") {
      problems.push_back(
          fmt::format("{} changes do not move since {:.0f} s; capture is {}, apply is {}: see the log "
                      "of `penstock run`, or start it",
                      status.lag_changes, status.last_step_seconds, status.capture_alive ? "up" : "down",
                      status.apply_alive ? "up" : "down"));
    }
    for (const auto& table : status.tables) {
      if (table.unaccounted == 0) continue;
      problems.push_back(fmt::format("{} changes of {} are unaccounted for: run `penstock verify --repair`",
                                     table.unaccounted, table.relation));
    }
    co_return problems;
  }

  const Config& config_;
  std::optional<pg::Connection> a_, b_;
  bool kafka_ = false, installed_ = false;
  Diagnosis diagnosis_;
};

}  // namespace

bool Diagnosis::healthy() const {
  return !away && std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.problem.empty(); });
}

std::string Diagnosis::to_text() const {
  std::string out;
  for (const auto& check : checks) {
    out += fmt::format("{:<6} {}{}{}\n", check.problem.empty() ? "ok" : "WRONG", check.name,
                       check.problem.empty() ? "" : ": ", check.problem);
  }
  return out + (healthy() ? "healthy\n" : "not healthy\n");
}

std::string Diagnosis::to_json() const {
  std::string out = fmt::format(R"({{"healthy":{},"checks":[)", healthy());
  for (const auto& check : checks) {
    out.append(out.back() == '[' ? "{\"check\":" : ",{\"check\":");
    append_json_string(out, check.name);
    out.append(",\"problem\":");
    if (check.problem.empty()) {
      out.append("null");
    } else {
      append_json_string(out, check.problem);
    }
    out.push_back('}');
  }
  return out + "]}\n";
}

Task<Diagnosis> diagnose(const Config& config) {
  Doctor doctor(config);
  Diagnosis diagnosis = co_await doctor.run();
  co_return diagnosis;
}

}  // namespace penstock::ops
