#include "random/ddl.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "random/values.hpp"

namespace penstock::test {

using namespace std::chrono_literals;

Alterations::Alterations(std::uint64_t seed, Line& line, Replicator& replicator, LiveSchema& schema, Story& story,
                         const Patience& patience)
    : random_(seed),
      line_(line),
      replicator_(replicator),
      live_(schema),
      story_(story),
      schema_(*schema.now()),
      patience_(patience) {}

void Alterations::alter_until(Clock::time_point end) {
  try {
    while (Clock::now() < end) {
      pause(200);
      const auto whole = between_two();
      step();
    }
  } catch (const SqlError& error) {
    complaint_ = error.what();
  }
}

void Alterations::step() {
  using Kind = void (Alterations::*)();
  static const std::vector<Kind> kinds{&Alterations::add_column,
                                       &Alterations::add_column,
                                       &Alterations::drop_column,
                                       &Alterations::rename_column,
                                       &Alterations::change_type,
                                       &Alterations::change_type,
                                       &Alterations::add_index,
                                       &Alterations::add_constraint,
                                       &Alterations::set_default,
                                       &Alterations::create_anew,
                                       &Alterations::create_partition,
                                       &Alterations::attach_partition,
                                       &Alterations::detach_partition,
                                       &Alterations::backfill,
                                       &Alterations::verify,
                                       &Alterations::rename_key_for_a_while,
                                       &Alterations::rename_table_for_a_while,
                                       &Alterations::rename_on_b_for_a_while};
  at_ = random_.below(schema_.tables.size());
  open_sessions();
  try {
    (this->*random_.pick(kinds))();
    ++count_;
  } catch (const Failed&) {
  }
}

// Anew: the servers may have crashed since.
void Alterations::open_sessions() {
  a_ = line_.a();
  b_ = line_.b();
  a_->run("set lock_timeout = '500ms'");
  b_->run("set lock_timeout = '2s'");
}

std::optional<std::size_t> Alterations::any_column() {
  std::vector<std::size_t> free;
  for (std::size_t i = table().key_size; i < table().columns.size(); ++i) {
    if (!table().columns[i].fixed) free.push_back(i);
  }
  if (free.empty()) return std::nullopt;
  return random_.pick(free);
}

// Whatever the order, B's rows get the same default as A's; what was left out or rejected meanwhile is touched.
void Alterations::add_column() {
  RandomColumn column{random_name(random_, table()), random_.pick(plain_types())};
  std::string value = random_value(random_, column.type);
  if (random_.chance(0.6)) column.extra = " default (" + value + ")::" + column.type;
  if (!column.extra.empty() && value != "null" && random_.chance(0.5)) column.extra = " not null" + column.extra;
  both(alter("add column " + column.name + " " + column.type + column.extra), [&] {
    table().columns.push_back(column);
    // The reference's column stays the last one, for whoever makes rows.
    if (table().parent) std::swap(table().columns.back(), *(table().columns.end() - 2));
    publish();
  });
  if (table().on_drift != "wait") touch();
}

// What changed before A lost the column still carries it: B loses it after that has passed, or leaves it out.
void Alterations::drop_column() {
  const auto at = any_column();
  if (!at || table().columns.size() < table().key_size + 2) return;
  const std::string sql = alter("drop column " + table().columns[*at].name);
  const auto forget = [&] {
    table().columns.erase(table().columns.begin() + static_cast<std::ptrdiff_t>(*at));
    publish();
  };
  if (table().on_drift != "wait") {
    both(sql, forget);
    return touch();
  }
  on_a(sql);
  forget();
  drain();
  on_b(sql);
}

void Alterations::rename_column() {
  const auto at = any_column();
  if (!at) return;
  const std::string from = table().columns[*at].name;
  const std::string to = random_name(random_, table());
  const auto renamed = [&] {
    table().columns[*at].name = to;
    publish();
  };
  const std::string sql = alter("rename column " + from + " to " + to);
  if (table().on_drift != "wait") {
    both(sql, renamed);
    return touch();
  }
  if (random_.chance(0.5)) {
    rename_in_quiet(from, to);
    return renamed();
  }
  on_a(sql);
  renamed();
  rename_with_touch(from, to);
}

// Nobody writes while the names differ.
void Alterations::rename_in_quiet(const std::string& from, const std::string& to) {
  for (int tries = 0; tries < 10; ++tries) {
    try {
      a_->run("begin; lock table " + table().name + " in share row exclusive mode");
      drain();
      a_->run(alter("rename column " + from + " to " + to));
      on_b(alter("rename column " + from + " to " + to));
      a_->run("commit");
      story_.add("A", "with nobody writing: " + alter("rename column " + from + " to " + to));
      return;
    } catch (const SqlError& error) {
      a_->run("rollback");
      if (!expected(error)) throw;
    }
  }
  throw Failed();
}

// B has both columns until what bears the old name has passed.
void Alterations::rename_with_touch(const std::string& from, const std::string& to) {
  const auto& column =
      *std::find_if(table().columns.begin(), table().columns.end(), [&](const auto& c) { return c.name == to; });
  on_b(alter("add column " + to + " " + column.type + column.extra));
  touch();
  drain();
  on_b(alter("drop column " + from));
}

// Until both sides have it, writers write what the old type holds.
void Alterations::change_type() {
  static const std::map<std::string, std::vector<std::string>> wider{{"int", {"bigint", "text", "numeric"}},
                                                                     {"bigint", {"text", "numeric"}},
                                                                     {"varchar(40)", {"text"}},
                                                                     {"numeric(12,3)", {"numeric", "text"}},
                                                                     {"date", {"text"}},
                                                                     {"uuid", {"text"}}};
  const auto at = any_column();
  if (!at) return;
  RandomColumn& column = table().columns[*at];
  const auto types = wider.find(column.type);
  if (types == wider.end() || !column.extra.empty()) return;
  const std::string type = random_.pick(types->second);
  both(alter("alter column " + column.name + " type " + type + " using " + column.name + "::" + type), [] {});
  column.type = type;
  publish();
}

void Alterations::add_index() {
  const auto at = any_column();
  if (!at) return;
  const std::string name = fmt::format("i{}", ++made_);
  const std::string sql =
      fmt::format("create index {} on {} (({} is null))", name, table().name, table().columns[*at].name);
  const bool here = random_.chance(0.7);
  here ? on_a(sql) : on_b(sql);
  pause(200);
  here ? on_a("drop index " + name) : on_b("drop index " + name);
}

void Alterations::add_constraint() {
  const auto at = any_column();
  if (!at) return;
  const std::string name = fmt::format("c{}", ++made_);
  const std::string& column = table().columns[*at].name;
  on_a(alter(fmt::format("add constraint {} check ({} is null or {} is not null) not valid", name, column, column)));
  pause(100);
  if (random_.chance(0.5)) on_a(alter("validate constraint " + name));
  on_a(alter("drop constraint " + name));
}

// A's images carry the value, so B's default has no say.
void Alterations::set_default() {
  const auto at = any_column();
  if (!at) return;
  const RandomColumn& column = table().columns[*at];
  const std::string how =
      "alter column " + column.name + " set default (" + random_value(random_, column.type) + ")::" + column.type;
  if (!column.extra.empty()) return;
  random_.chance(0.5) ? on_a(alter(how)) : on_b(alter(how));
}

void Alterations::pause(long most_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(random_.between(0, most_ms)));
}

void Alterations::both(const std::string& sql, const std::function<void()>& once_on_a) {
  const bool a_first = random_.chance(0.5);
  if (!a_first) on_b(sql);
  if (!a_first) pause(300);
  on_a(sql);
  once_on_a();
  if (a_first) pause(300);
  if (a_first) on_b(sql);
}

void Alterations::on_a(const std::string& sql) { patiently(*a_, "A", sql); }
void Alterations::on_b(const std::string& sql) { patiently(*b_, "B", sql); }

// Whoever alters loses against those who write, and tries again; what the rows do not allow, he leaves.
void Alterations::patiently(Database& database, const std::string& where, const std::string& sql) {
  for (int tries = 1;; ++tries) {
    try {
      database.run(sql);
      story_.add(where, sql);
      return;
    } catch (const SqlError& error) {
      story_.add(where, sql, error.sqlstate);
      const bool busy = error.sqlstate == "40P01" || error.sqlstate == "55P03" || error.sqlstate == "55006";
      if (!expected(error) || (busy && tries == patience_.lock_tries))
        throw SqlError(error.sqlstate, where + ": " + sql + "\n" + error.what());
      if (!busy && where == "A") throw Failed();
      if (!busy) throw SqlError(error.sqlstate, where + ": " + sql + "\n" + error.what());
      pause(50);
    }
  }
}

// Without a key B would look for rows as they are on A.
void Alterations::touch() {
  if (table().keyless) return penstock({"backfill", "public." + table().name});
  const std::string& column = table().columns[table().key_size].name;
  on_a("update " + table().name + " set " + column + " = " + column);
}

void Alterations::drain() { penstock({"run", "--once"}); }

void Alterations::penstock(const std::vector<std::string>& arguments) {
  std::string command = "penstock";
  for (const auto& argument : arguments) command += " " + argument;
  const auto given_up = Clock::now() + patience_.servers;
  while (true) {
    const Finished done = line_.run(arguments, patience_.command);
    story_.add("-", command, std::to_string(done.code));
    if (done.code == 0) return;
    const bool unreachable = done.code == 3;
    if (!unreachable || Clock::now() > given_up)
      throw SqlError("", command + " ended with " + std::to_string(done.code) + "\n" + done.out + done.err);
    pause(500);
  }
}

}  // namespace penstock::test
