#include "harness/field.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>

#include "harness/cpu_clock.hpp"
#include "harness/runs.hpp"
#include "rivals/make_rival.hpp"
#include "support/broker.hpp"

namespace penstock::bench {
namespace {

constexpr double kFirstRow_s = 90;  // a rival on a cold JVM
constexpr OpenLoop kWarmUp{.rate = 500, .seconds = 5, .writers = 8, .seed = 0};

std::string with_database(const std::string& uri, const std::string& database) {
  return uri.substr(0, uri.rfind('/') + 1) + database;
}

// The process whose child serves a session is the server.
pid_t server_process(const std::string& uri) {
  Session session(uri);  // its process must be there while it is looked at
  const std::int64_t process = session.number("select pg_backend_pid()");
  std::ifstream in("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (in >> word) {
    if (word != "PPid:") continue;
    pid_t parent = 0;
    in >> parent;
    return parent;
  }
  throw std::runtime_error("the process of a session is not on this machine");
}

void stop(Rival* rival) {
  try {
    if (rival != nullptr) rival->stop();
  } catch (const std::exception& error) {
    std::cerr << rival->name() << ": " << error.what() << "\n";
  }
}

}  // namespace

Field::Field(Setup setup)
    : setup_(std::move(setup)),
      token_("bench" + std::to_string(std::random_device{}())),
      maker_(std::make_unique<RivalMaker>()) {
  directory_ = std::filesystem::temp_directory_path() / ("penstock-" + token_);
  std::filesystem::create_directories(directory_);
}

Field::~Field() {
  for (const auto& rival : started_) stop(rival.get());
  remove_databases();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Field::remove_databases() noexcept try {
  for (const auto& [server, database] : databases_) {
    Session(server).run("drop database if exists " + database + " with (force)");
  }
  const test::Broker broker(setup_.kafka);
  broker.delete_topics(broker.topics_with_prefix(token_));
} catch (const std::exception& error) {
  std::cerr << "cleaning up: " << error.what() << "\n";
}

int Field::repetitions(int usual) const { return setup_.repetitions > 0 ? setup_.repetitions : usual; }

const std::string& Field::server_a(const std::string& name) const {
  if (name.starts_with("native")) return setup_.a_native;
  return name.starts_with("debezium") ? setup_.a_debezium : setup_.a;
}

Place Field::make_place(const std::string& name) {
  // Of this start alone; it also names slots, which may hold no dash.
  std::string database = token_ + "_" + name + "_" + std::to_string(++places_);
  std::replace(database.begin(), database.end(), '-', '_');
  for (const std::string& server : {server_a(name), setup_.b}) {
    Session(server).run("create database " + database);
    databases_.emplace_back(server, database);
    Session(with_database(server, database)).run(sql_file("employee"));
    if (!servers_.contains(server)) servers_[server] = server_process(server);
  }
  const auto directory = directory_ / database;
  std::filesystem::create_directories(directory);
  return {with_database(server_a(name), database), with_database(setup_.b, database), setup_.kafka, database,
          directory.string()};
}

void Field::remove_place(const Place& place) {
  std::erase_if(databases_, [&](const auto& database) {
    if (database.second != place.topic_prefix) return false;
    Session(database.first).run("drop database " + database.second + " with (force)");
    return true;
  });
  const test::Broker broker(setup_.kafka);
  broker.delete_topics(broker.topics_with_prefix(place.topic_prefix + "."));
}

Rival* Field::start(const std::string& name) {
  std::cerr << "starting and warming " << name << "\n";
  std::unique_ptr<Rival> rival;
  try {
    rival = maker_->make(name, make_place(name), setup_);
    rival->start();
    await_row(*rival, kFirstRow_s);
    OpenLoop load = kWarmUp;
    if (setup_.quick) load.seconds = 2;
    measure_latency(*rival, load, nullptr);
    rival->pause();
    return started_.emplace_back(std::move(rival)).get();
  } catch (const std::exception& error) {
    std::cerr << "\n!!! " << name << " cannot be started: " << error.what() << "\n\n";
    broken_.insert(name);
    stop(rival.get());
    return nullptr;
  }
}

RivalList Field::rivals(const std::vector<std::string>& names) {
  RivalList wanted;
  for (const std::string& name : names) {
    const auto& chosen = setup_.rivals;
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name) == chosen.end()) continue;
    if (broken_.contains(name)) continue;
    const auto found =
        std::find_if(started_.begin(), started_.end(), [&](const auto& rival) { return rival->name() == name; });
    Rival* const rival = found == started_.end() ? start(name) : found->get();
    if (rival != nullptr) wanted.push_back(rival);
  }
  return wanted;
}

void Field::retire(const std::vector<std::string>& names) {
  std::erase_if(started_, [&](const auto& rival) {
    const bool named = std::find(names.begin(), names.end(), rival->name()) != names.end();
    if (named) stop(rival.get());
    return named;
  });
}

std::map<std::string, double> Field::cpu_seconds(const Rival& rival) const {
  std::map<std::string, double> all;
  all["a"] = bench::cpu_seconds(servers_.at(server_a(rival.name())));
  all["b"] = bench::cpu_seconds(servers_.at(setup_.b));
  if (setup_.kafka_process != 0) all["kafka"] = bench::cpu_seconds(setup_.kafka_process);
  all["rival"] = bench::cpu_seconds(rival.processes());
  // Rivals on Kafka Connect share its process.
  std::set<pid_t> resting;
  for (const auto& other : started_) {
    for (const pid_t process : other->processes()) resting.insert(process);
  }
  for (const pid_t process : rival.processes()) resting.erase(process);
  for (const pid_t process : resting) all["resting"] += bench::cpu_seconds(process);
  all["wall"] = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  all["driver"] = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return all;
}

std::map<std::string, double> difference(const std::map<std::string, double>& before,
                                         const std::map<std::string, double>& after) {
  std::map<std::string, double> all;
  for (const auto& [who, seconds] : after) {
    const auto found = before.find(who);
    all[who] = seconds - (found == before.end() ? 0 : found->second);
  }
  return all;
}

}  // namespace penstock::bench
