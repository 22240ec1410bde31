#include "harness/field.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <random>
#include <stdexcept>

#include "harness/cpu_clock.hpp"
#include "harness/runs.hpp"
#include "rivals/make_rival.hpp"

namespace penstock::bench {
namespace {

constexpr double kFirstRow_s = 90;  // a rival on a cold JVM
constexpr OpenLoop kWarmUp{.rate = 500, .seconds = 5, .writers = 8, .seed = 0};

void stop(Rival* rival) {
  try {
    if (rival != nullptr) rival->stop();
  } catch (const std::exception& error) {
    std::cerr << rival->name() << ": " << error.what() << "\n";
  }
}

}  // namespace

Field::Field(Setup setup) : setup_(std::move(setup)), scratch_(setup_.kafka), maker_(std::make_unique<RivalMaker>()) {
  for (const std::string& server : {setup_.a, setup_.a_native, setup_.a_debezium, setup_.b}) {
    if (!server.empty()) servers_.try_emplace(server, server_process(server));
  }
}

Field::~Field() { retire_all(); }

int Field::repetitions(int usual) const { return setup_.repetitions > 0 ? setup_.repetitions : usual; }

const std::string& Field::server_a(const std::string& name) const {
  if (name.starts_with("native")) return setup_.a_native;
  return name.starts_with("debezium") ? setup_.a_debezium : setup_.a;
}

Rival* Field::start(const std::string& name) {
  std::cerr << "starting and warming " << name << "\n";
  std::unique_ptr<Rival> rival;
  try {
    rival = maker_->make(name, scratch_.make_place(server_a(name), setup_.b, name), setup_);
    rival->start();
    await_row(*rival, kFirstRow_s);
    OpenLoop load = kWarmUp;
    if (setup_.quick) load.seconds = 1;
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

// A short look does without native-async unless it is asked for.
bool Field::is_wanted(const std::string& name) const {
  const auto& chosen = setup_.rivals;
  if (chosen.empty()) return !(setup_.quick && name == "native-async");
  return std::find(chosen.begin(), chosen.end(), name) != chosen.end();
}

RivalList Field::rivals(const std::vector<std::string>& names) {
  RivalList wanted;
  for (const std::string& name : names) {
    if (!is_wanted(name)) continue;
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

void Field::retire_all() {
  for (const auto& rival : started_) stop(rival.get());
  started_.clear();
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
