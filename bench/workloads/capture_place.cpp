#include "workloads/capture_place.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <random>
#include <stdexcept>
#include <thread>

#include "harness/pgbench.hpp"
#include "harness/runs.hpp"
#include "support/broker.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kCopied = 60s;
constexpr const char* kItem = "[[table]]\nsource = \"public.item\"\ntarget = \"public.item\"\n";
constexpr const char* kFingerprint = "select count(*) || '/' || sum(hashtextextended(item::text, 0)) from item";

std::vector<std::filesystem::path> migrations() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path directory = std::string(PENSTOCK_BENCH_SQL) + "/../../migrations/source";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

CapturePlace::CapturePlace(const Field& field, int scale)
    : token_("bench" + std::to_string(std::random_device{}()) + "_capture") {
  directory_ = (std::filesystem::temp_directory_path() / ("penstock-" + token_)).string();
  std::filesystem::create_directories(directory_);
  const Setup& setup = field.setup();
  main_ = make_database(setup.a, "main");
  logical_ = make_database(setup.a_native, "logical");
  line_ = make_database(setup.a, "line");
  copy_ = make_database(setup.b, "copy");
  make_main(scale);
  make_logical();
  make_line(setup);
}

CapturePlace::~CapturePlace() try {
  if (replicator_) replicator_->stop();
  receiver_.reset();
  for (const auto& [server, database] : databases_) {
    Session session(server);
    session.rows(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active",
        pg::Params::of(database));
    session.run("drop database if exists " + database + " with (force)");
  }
  const test::Broker broker(replicator_ ? replicator_->place().kafka : "");
  broker.delete_topics(broker.topics_with_prefix(token_));
  std::filesystem::remove_all(directory_);
} catch (const std::exception& error) {
  std::cerr << "cleaning up: " << error.what() << "\n";
}

std::string CapturePlace::make_database(const std::string& server, const std::string& name) {
  const std::string database = token_ + "_" + name;
  Session(server).run("create database " + database);
  databases_.emplace_back(server, database);
  return server.substr(0, server.rfind('/') + 1) + database;
}

// Capture alone: the journal and the triggers' functions, and nobody who reads them.
void CapturePlace::make_main(int scale) {
  make_pgbench_tables(main_, scale, directory_);
  Session session(main_);
  session.run(sql_file("employee"));
  for (const char* script : {"tables", "row", "pgq", "audit", "ways", "unguard"}) {
    session.run(sql_file(std::string("capture/") + script));
  }
  session.run("create schema penstock");
  for (const auto& file : migrations()) session.run(test::read_file(file));
  session.run("select penstock.create_journal('bench')");
}

void CapturePlace::make_logical() {
  Session session(logical_);
  session.run(sql_file("employee"));
  session.run(sql_file("capture/tables"));
  session.run("create publication bench for all tables");
  session.rows("select pg_create_logical_replication_slot($1, 'pgoutput')", pg::Params::of(token_));
}

void CapturePlace::make_line(const Setup& setup) {
  Session(line_).run(sql_file("capture/tables"));
  Session(copy_).run("create table item (id int primary key, v int not null)");
  replicator_.emplace(Place{line_, copy_, setup.kafka, token_, directory_}, setup.penstock,
                      PenstockSettings{.tables = kItem});
}

const std::string& CapturePlace::dsn(const std::string& way) const {
  if (way == "logical") return logical_;
  return way == "beside" ? line_ : main_;
}

void CapturePlace::begin(const std::string& way, const Names& tables) {
  Session session(dsn(way));
  for (const std::string& table : tables) {
    // The largest by far, and hardly a row of it is written twice.
    if (table != "pgbench_accounts") session.run("vacuum " + table);
  }
  if (way == "logical") return start_receiver();
  if (way == "beside") {
    replicator_->start();
    return wait_for_copy();
  }
  for (const std::string& table : tables) session.rows("select attach($1, $2)", pg::Params::of(way, table));
  session.rows("select clear_logs($1)", pg::Params::of(way));
}

void CapturePlace::end(const std::string& way, const Names& tables) {
  if (way == "logical") {
    receiver_->send(SIGINT);  // it confirms what it has got
    receiver_->wait(5s);
    return receiver_.reset();
  }
  if (way == "beside") {
    wait_for_copy();
    return replicator_->stop();
  }
  Session session(main_);
  for (const std::string& table : tables) session.rows("select detach($1, $2)", pg::Params::of(way, table));
}

// Takes what the publication sends, and throws it away.
void CapturePlace::start_receiver() {
  receiver_.emplace(Names{"pg_recvlogical", "--dbname=" + logical_, "--slot=" + token_, "--start", "--file=/dev/null",
                          "--status-interval=1", "--option=proto_version=1", "--option=publication_names=bench"},
                    directory_ + "/receiver.out", directory_ + "/receiver.err");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Session session(logical_);
  while (session.value("select count(*) from pg_replication_slots where slot_name = $1 and active",
                       pg::Params::of(token_)) != "1") {
    if (std::chrono::steady_clock::now() > deadline || !receiver_->running()) {
      throw std::runtime_error("pg_recvlogical: " + test::read_file(directory_ + "/receiver.err"));
    }
    std::this_thread::sleep_for(20ms);
  }
}

void CapturePlace::wait_for_copy() {
  Session a(line_), b(copy_);
  const std::string wanted = a.value(kFingerprint);
  const auto deadline = std::chrono::steady_clock::now() + kCopied;
  while (b.value(kFingerprint) != wanted) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Unequal("capture: A and B differ with the replicator beside");
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace penstock::bench
