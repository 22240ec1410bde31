#include "workloads/capture_place.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "harness/pgbench.hpp"
#include "harness/runs.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kCopied = 60s;
constexpr const char* kFingerprint = "select count(*) || '/' || sum(hashtextextended(item::text, 0)) from item";

std::vector<std::filesystem::path> migrations() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path directory = std::string(PENSTOCK_BENCH_SQL) + "/../../migrations/source";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

CapturePlace::CapturePlace(const Field& field, int scale) : scratch_(field.setup().kafka, "_capture") {
  const Setup& setup = field.setup();
  main_ = scratch_.make_database(setup.a, "main");
  logical_ = scratch_.make_database(setup.a_native, "logical");
  line_ = scratch_.make_database(setup.a, "line");
  copy_ = scratch_.make_database(setup.b, "copy");
  make_main(scale);
  make_logical();
  make_line(setup);
}

// A database with a slot cannot be dropped.
CapturePlace::~CapturePlace() try {
  if (replicator_) replicator_->stop();
  receiver_.reset();
  Session(logical_).rows(
      "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and "
      "not active");
} catch (const std::exception& error) {
  std::cerr << "cleaning up: " << error.what() << "\n";
}

// Capture alone: the journal and the triggers' functions, and nobody who reads them.
void CapturePlace::make_main(int scale) {
  make_pgbench_tables(main_, scale, directory());
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
  session.rows("select pg_create_logical_replication_slot($1, 'pgoutput')", pg::Params::of(scratch_.token()));
}

void CapturePlace::make_line(const Setup& setup) {
  Session(line_).run(sql_file("capture/tables"));
  Session(copy_).run("create table item (id int primary key, v int not null)");
  replicator_.emplace(Place{line_, copy_, setup.kafka, scratch_.token(), directory()}, setup.penstock,
                      PenstockSettings{.tables = table_alone("item")});
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
  receiver_.emplace(
      Names{"pg_recvlogical", "--dbname=" + logical_, "--slot=" + scratch_.token(), "--start", "--file=/dev/null",
            "--status-interval=1", "--option=proto_version=1", "--option=publication_names=bench"},
      directory() + "/receiver.out", directory() + "/receiver.err");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Session session(logical_);
  while (session.value("select count(*) from pg_replication_slots where slot_name = $1 and active",
                       pg::Params::of(scratch_.token())) != "1") {
    if (std::chrono::steady_clock::now() > deadline || !receiver_->running()) {
      throw std::runtime_error("pg_recvlogical: " + test::read_file(directory() + "/receiver.err"));
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
