#include "support/line.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "support/broker.hpp"
#include "support/compare.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPassword = "s3cret-of-the-tests";

std::string needed(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: tests/run starts the servers");
  return value;
}

// The URI with another database, and perhaps another user.
std::string uri(const std::string& base, const std::string& database, const std::string& user = "") {
  std::string out = base.substr(0, base.rfind('/') + 1) + database;
  if (user.empty()) return out;
  const auto begin = out.find("://") + 3;
  const auto at = out.find('@', begin);
  return out.replace(begin, at - begin, user);
}

std::string program_uri(const std::string& server, const std::string& proxy, const std::string& database) {
  return uri(proxy.empty() ? server : with_host(server, proxy), database, "penstock:${TEST_PASSWORD}");
}

}  // namespace

std::string host_of(const std::string& uri) {
  const auto begin = uri.find('@') + 1;
  return uri.substr(begin, uri.find('/', begin) - begin);
}

std::string with_host(const std::string& uri, const std::string& host) {
  std::string out = uri;
  const std::string was = host_of(uri);
  return out.replace(out.find(was), was.size(), host);
}

Servers Servers::shared() {
  return {needed("PENSTOCK_TEST_A"), needed("PENSTOCK_TEST_B"), needed("PENSTOCK_TEST_KAFKA")};
}

std::string employees_toml(bool declares_key) {
  return std::string("[[table]]\nsource = \"public.employee_a\"\ntarget = \"public.employee_b\"\n") +
         (declares_key ? "key = [\"emp_id\"]\n" : "") + R"([[rule]]
table = "public.employee_a"
name = "born_after_2007"
check = "dob >= date '2008-01-01'"
[[rule]]
table = "public.employee_a"
name = "salary_above_10000"
check = "salary > 10000"
[[rule]]
table = "public.employee_a"
name = "no_negative_id"
check = "emp_id >= 0"
)";
}

Line::Line(Servers servers) : servers_(std::move(servers)) {
  name_ = "t" + std::to_string(std::random_device{}());
  prefix_ = name_;
  directory_ = std::filesystem::temp_directory_path() / ("penstock-test-" + name_);
  std::filesystem::create_directories(directory_);
  create_databases();
}

void Line::create_databases() {
  const auto create = [&](const std::string& server, const std::string& database) {
    Database admin(server);
    // Two tests may create the roles at once.
    admin.run("select pg_advisory_lock(4711)");
    for (const char* role : {"penstock", "app"}) {
      if (admin.number("select count(*) from pg_roles where rolname = '" + std::string(role) + "'") == 0) {
        admin.run("create role " + std::string(role) + " login nosuperuser noreplication password '" + kPassword + "'");
      }
    }
    if (admin.value("select pg_has_role('penstock', 'app', 'member')") == "f") admin.run("grant app to penstock");
    admin.run("select pg_advisory_unlock(4711)");
    admin.run("create database " + database);
    Database fresh(uri(server, database));
    fresh.run("grant create on database " + database +
              " to penstock; grant all on schema public to app; "
              "grant usage on schema public to public");
  };
  create(servers_.a, name_ + "_a");
  create(servers_.b, name_ + "_b");
  admin_a_ = uri(servers_.a, name_ + "_a");
  admin_b_ = uri(servers_.b, name_ + "_b");
  owner_a_ = uri(servers_.a, name_ + "_a", std::string("app:") + kPassword);
  owner_b_ = uri(servers_.b, name_ + "_b", std::string("app:") + kPassword);
}

Line::~Line() {
  const std::string text = log();
  if (testing::Test::HasFailure()) std::cerr << "---- log of the program\n" << text << "----\n";
  // No secret may ever reach a log or an answer.
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path() == toml()) continue;
    EXPECT_EQ(read_file(entry.path().string()).find(kPassword), std::string::npos) << entry.path().filename();
  }
  try {
    for (const auto& [server, database] : {std::pair(servers_.a, name_ + "_a"), std::pair(servers_.b, name_ + "_b")}) {
      Database(server).run("drop database if exists " + database + " with (force)");
    }
  } catch (const SqlError& error) {
    std::cerr << "cannot drop the test's databases: " << error.what();
  }
  try {
    const Broker broker(servers_.kafka);
    broker.delete_topics(broker.topics_with_prefix(prefix_ + "."));
  } catch (const std::runtime_error& error) {
    std::cerr << "cannot delete the test's topics: " << error.what() << "\n";
  }
  std::filesystem::remove_all(directory_);
}

void Line::write_toml(const std::string& tables, const std::string& head) const {
  const std::string& kafka = servers_.proxy_kafka.empty() ? servers_.kafka : servers_.proxy_kafka;
  std::ofstream(toml()) << "[pipeline]\nname = \"emp\"\n"
                        << head << "[source]\ndsn = \"" << program_uri(servers_.a, servers_.proxy_a, name_ + "_a")
                        << "\"\n[target]\ndsn = \"" << program_uri(servers_.b, servers_.proxy_b, name_ + "_b")
                        << "\"\n[kafka]\nbootstrap_servers = \"" << kafka << "\"\ntopic_prefix = \"" << prefix_
                        << "\"\n"
                        << tables;
}

void Line::configure(const std::string& tables, const std::string& head) { write_toml(tables, head); }

void Line::add_tables(const std::string& tables) { std::ofstream(toml(), std::ios::app) << tables; }

void Line::create_employees(bool primary_key) {
  const std::string columns =
      std::string("(emp_id serial") + (primary_key ? " primary key" : "") +
      ", first_name varchar(100), last_name varchar(100), dob date, city varchar(100), salary int)";
  a().run("create table employee_a " + columns);
  b().run("create table employee_b " + columns);
  configure(employees_toml(!primary_key));
}

void Line::on_both(const std::string& sql) {
  a().run(sql);
  b().run(sql);
}

Finished Line::run(const std::vector<std::string>& arguments, std::chrono::seconds within) {
  static std::atomic<int> count = 0;
  const std::string base = (directory_ / ("command-" + std::to_string(count++))).string();
  std::vector<std::string> command{needed("PENSTOCK_PROGRAM"), "--config", toml()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process process(command, base + ".out", base + ".log", {{"TEST_PASSWORD", kPassword}});
  const auto code = process.wait(within);
  if (!code) ADD_FAILURE() << "penstock " << arguments[0] << " did not end within " << within.count() << " s";
  return {code.value_or(-1), read_file(base + ".out"), read_file(base + ".log")};
}

void Line::migrate() {
  const Finished done = run({"migrate"});
  ASSERT_EQ(done.code, 0) << done.err;
}

void Line::migrate_and_copy() {
  migrate();
  once();
}

Process Line::start(const std::string& role, const std::map<std::string, std::string>& environment) {
  static std::atomic<int> count = 0;
  const std::string base = (directory_ / ("run-" + std::to_string(count++))).string();
  auto all = environment;
  all.emplace("TEST_PASSWORD", kPassword);
  return Process({needed("PENSTOCK_PROGRAM"), "--config", toml(), "run", "--role", role}, base + ".out", base + ".log",
                 all);
}

void Line::once(std::chrono::seconds within) {
  const Finished done = run({"run", "--once"}, within);
  ASSERT_EQ(done.code, 0) << done.err;
}

void Line::expect_equal(const std::string& table_a, const std::string& table_b, const std::string& key) {
  once();
  Database on_b = b();
  std::set<std::string> explained;
  Database admin_b(uri(servers_.b, name_ + "_b"));
  for (const auto& row :
       admin_b.rows("select key::json ->> '" + key + "' from penstock.dead_letter where state = 'open'")) {
    explained.insert(row[0]);
  }
  Database on_a = a();
  const auto found = differences(read_table(on_a, table_a, key), read_table(on_b, table_b, key), explained);
  for (std::size_t i = 0; i < found.size() && i < 5; ++i) ADD_FAILURE() << found[i];
  EXPECT_EQ(found.size(), 0u) << "differences between " << table_a << " and " << table_b;
  expect_verified();
}

void Line::expect_all_equal(const std::vector<std::string>& tables, const std::string& key) {
  once();
  Database on_a = a(), on_b = b();
  for (const auto& table : tables) {
    const auto found = differences(read_table(on_a, table, key), read_table(on_b, table, key));
    for (std::size_t i = 0; i < found.size() && i < 5; ++i) ADD_FAILURE() << table << ": " << found[i];
  }
  expect_verified();
}

void Line::expect_verified() {
  const Finished verified = run({"verify", "--json"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Finished status = run({"status", "--json"});
  EXPECT_EQ(status.code, 0) << status.out << status.err;
}

long long Line::book(const std::string& name, const std::string& table) {
  const Finished status = run({"status", "--json"});
  simdjson::dom::parser parser;
  for (simdjson::dom::element entry : parser.parse(status.out)["tables"].get_array()) {
    if (std::string_view(entry["table"].get_string()) == table) return entry[name].get_int64();
  }
  ADD_FAILURE() << "no table " << table << " in " << status.out;
  return -1;
}

bool Line::logs(const std::string& text, std::chrono::seconds within) const {
  const auto end = std::chrono::steady_clock::now() + within;
  while (log().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::string Line::log() const {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().extension() == ".log")
      all += "== " + entry.path().filename().string() + "\n" + read_file(entry.path().string());
  }
  return all;
}

}  // namespace penstock::test
