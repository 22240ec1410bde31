#include "random/writer.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kBackWithin = 60s;  // a server that crashed

bool one_of(const std::string& state, const std::vector<std::string>& states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

// A crash ends statements with one of these, or without the server's word, which is 08006 here.
bool connection_lost(const SqlError& error) {
  return error.sqlstate.starts_with("08") || one_of(error.sqlstate, {"57P01", "57P02", "57P03"});
}

// Whether it names us anywhere but where the server quotes the statement.
bool names_us(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("LINE ") && line.find("penstock.") != std::string::npos) return true;
    if (line.find("penstock_emp") != std::string::npos) return true;
  }
  return false;
}

// A row as COPY's text; what reads "NULL" becomes one.
std::string copy_line(const Database::Row& row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += '\t';
    for (const char c : row[i]) {
      if (c == '\\' || c == '\t') line += '\\';
      line += c == '\n' ? std::string("\\n") : c == '\r' ? std::string("\\r") : std::string(1, c);
    }
  }
  return line + "\n";
}

}  // namespace

void Story::add(const std::string& who, const std::string& sql, const std::string& outcome) {
  const std::lock_guard lock(mutex_);
  ++(outcome.empty() || outcome == "0" ? done_ : refused_);
  text_ += fmt::format("{}: {}{}{};\n", who, outcome, outcome.empty() ? "" : " <- ", sql);
}

std::string Story::summary() const { return fmt::format("{} statements, {} errors", done_ + refused_, refused_); }

std::string Story::keep(std::uint64_t seed) const {
  const std::string path = fmt::format("{}/penstock-random-{}.sql", testing::TempDir(), seed);
  std::ofstream(path) << text_;
  return path;
}

bool expected(const SqlError& error) {
  static const std::vector<std::string> by_itself{
      "23505", "23503", "23502", "23514",                     // constraints
      "21000",                                                // ON CONFLICT or MERGE meets a row twice
      "27000",                                                // a user's trigger changed the row of the statement
      "40P01", "40001", "55P03",                              // deadlock, serialization, lock_timeout
      "55006",                                                // TRUNCATE with deferred triggers pending
      "0A000", "22003", "22007", "22008", "25P02", "22P05"};  // the message itself is not in the session's encoding
  static const std::vector<std::string> of_alterations{
      "42703", "42P01", "42P10", "42804", "42883",  // the column or table has another name or type by now
      "42809"};                                     // a partition was detached
  const std::string_view message(error.what());
  const bool lost = message.find("could not open relation with OID") != std::string_view::npos ||
                    message.find("tuple concurrently") != std::string_view::npos ||
                    message.find("cache lookup failed") != std::string_view::npos;
  // Reading a partitioned table's rows again waits for those who hold a partition of it (README, "Partitions").
  const bool waits = error.sqlstate == "55P03" && message.find(" penstock_t") != std::string_view::npos;
  return (one_of(error.sqlstate, by_itself) || one_of(error.sqlstate, of_alterations) || lost) &&
         (waits || !names_us(error.what()));
}

Writer::Writer(int number, std::uint64_t seed, Connect connect, bool a_may_crash, const LiveSchema& schema,
               Story& story)
    : name_(std::to_string(number)),
      random_(seed),
      connect_(std::move(connect)),
      a_may_crash_(a_may_crash),
      live_(schema),
      schema_(schema.now()),
      story_(story),
      a_(connect_()) {
  open_session();
}

void Writer::open_session() {
  a_.run("set lock_timeout = '300ms'");
  can_prepare_ = a_.value("show max_prepared_transactions") != "0";
  choose_settings();
}

void Writer::choose_settings() {
  if (random_.chance(0.3)) return;
  const auto set = [&](const std::string& name, const std::vector<std::string>& values) {
    if (random_.chance(0.6)) run(fmt::format("set {} = '{}'", name, random_.pick(values)));
  };
  set("datestyle", {"ISO, MDY", "German", "SQL, DMY", "Postgres, MDY"});
  set("intervalstyle", {"postgres_verbose", "sql_standard", "iso_8601"});
  set("timezone", {"Asia/Kathmandu", "America/St_Johns", "UTC"});
  set("bytea_output", {"escape"});
  set("extra_float_digits", {"-15", "0", "3"});
  set("client_encoding", {"LATIN1"});
  if (random_.chance(0.3)) run("set default_transaction_isolation = 'repeatable read'");
}

void Writer::write_until(Clock::time_point end) {
  while (Clock::now() < end && complaint_.empty()) {
    transaction();
    if (lost_) reconnect();
  }
}

// Also when the time is over: nothing that was prepared is left behind.
void Writer::reconnect() {
  const auto given_up = Clock::now() + kBackWithin;
  while (lost_ && complaint_.empty()) {
    std::this_thread::sleep_for(50ms);
    try {
      lost_ = false;
      a_ = connect_();
      open_session();
      settle_prepared();
    } catch (const SqlError& error) {
      lost_ = true;
      if (!connection_lost(error) || Clock::now() > given_up) complaint_ = std::string("reconnect: ") + error.what();
    }
  }
  story_.add(name_, "-- connected again");
}

// A crash may come between the two halves of a commit. What was prepared before it must not commit after it where
// a table lost its rows (README, "Unlogged tables").
void Writer::settle_prepared() {
  const std::string mine = "'w" + name_ + "'";
  if (a_.value("select count(*) from pg_prepared_xacts where gid = " + mine) == "0") return;
  const auto& tables = schema_->tables;
  const bool emptied = std::any_of(tables.begin(), tables.end(), [](const auto& table) { return table.unlogged; });
  run((emptied || random_.chance(0.3) ? "rollback prepared " : "commit prepared ") + mine);
}

void Writer::transaction() {
  schema_ = live_.now();
  const bool explicit_one = random_.chance(0.6);
  if (explicit_one) run("begin");
  const std::size_t count = explicit_one ? 1 + random_.below(4) : 1;
  bool sound = true;
  for (std::size_t i = 0; i < count && sound; ++i) sound = step();
  if (explicit_one) end_transaction(sound);
  if (random_.chance(0.02)) std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(300)));
}

void Writer::end_transaction(bool sound) {
  const std::string end = sound && random_.chance(0.8) ? "commit" : "rollback";
  if (!can_prepare_ || !random_.chance(0.3)) {
    run(end);
  } else if (run("prepare transaction 'w" + name_ + "'") && sound) {
    run(end + " prepared 'w" + name_ + "'");
  }
}

bool Writer::step() {
  const bool protected_one = random_.chance(0.2);
  if (!protected_one) return change();
  run("savepoint s");
  const bool sound = change();
  run(sound && random_.chance(0.5) ? "release s" : "rollback to s");
  return true;
}

bool Writer::change() {
  const Statement statement = random_statement(random_, *schema_);
  return statement.copied.empty() ? run(statement.sql) : copy_in(statement);
}

bool Writer::run(const std::string& sql) {
  return attempt(sql, [&] { a_.run(sql); });
}

bool Writer::copy_in(const Statement& statement) {
  return attempt(statement.sql + " -- " + statement.copied, [&] {
    std::string data;
    for (const auto& row : a_.rows(statement.copied)) data += copy_line(row);
    a_.copy_in(statement.sql, data);
  });
}

bool Writer::attempt(const std::string& sql, const std::function<void()>& act) {
  try {
    act();
    story_.add(name_, sql);
    return true;
  } catch (const SqlError& error) {
    story_.add(name_, sql, error.sqlstate);
    if (a_may_crash_ && connection_lost(error)) {
      lost_ = true;
      return false;
    }
    const bool outside = sql.starts_with("savepoint") || sql.starts_with("release") || sql.starts_with("rollback to");
    if (!expected(error) && !(outside && error.sqlstate == "25P01")) complaint_ = sql + "\n" + error.what();
    return false;
  }
}

}  // namespace penstock::test
