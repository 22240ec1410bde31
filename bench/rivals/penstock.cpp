#include "rivals/penstock.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <spdlog/fmt/fmt.h>

namespace penstock::bench {
namespace {

constexpr const char* kRules[][2] = {{"born_after_2007", "dob >= date '2008-01-01'"},
                                     {"salary_above_10000", "salary > 10000"},
                                     {"no_negative_id", "emp_id >= 0"}};

}  // namespace

std::string table_alone(const std::string& table) {
  return fmt::format("[[table]]\nsource = \"public.{0}\"\ntarget = \"public.{0}\"\n", table);
}

std::string table_with_rules(const std::string& table) {
  std::string text = table_alone(table);
  for (const auto& [name, check] : kRules) {
    text += fmt::format("[[rule]]\ntable = \"public.{}\"\nname = \"{}\"\ncheck = \"{}\"\n", table, name, check);
  }
  return text;
}

void Penstock::write_toml() const {
  const auto& [name, snapshot, pipeline, kafka, tables, processes] = settings_;
  std::ofstream(toml()) << "[pipeline]\nname = \"" << name << "\"\nsnapshot = \"" << snapshot << "\"\n"
                        << pipeline << "[source]\ndsn = \"" << place().dsn_a << "\"\n[target]\ndsn = \""
                        << place().dsn_b << "\"\n[kafka]\nbootstrap_servers = \"" << place().kafka
                        << "\"\ntopic_prefix = \"" << place().topic_prefix << "\"\n"
                        << kafka << (tables.empty() ? table_with_rules("employee") + table_alone("bystander") : tables);
}

void Penstock::start() {
  migrate();
  run();
}

void Penstock::migrate() {
  write_toml();
  test::Process process = command({"migrate"});
  expect_done(process, "migrate", std::chrono::seconds(60));
}

void Penstock::run() {
  for (int i = 0; i < settings_.processes; ++i) replicators_.push_back(launch({"run"}, fmt::format("run{}", i)));
}

test::Process Penstock::launch(const std::vector<std::string>& words, const std::string& output) const {
  std::vector<std::string> all{program_, "--config", toml()};
  all.insert(all.end(), words.begin(), words.end());
  return {all, place().directory + "/" + output + ".out", log_of(output)};
}

void Penstock::expect_done(test::Process& process, const std::string& what, std::chrono::seconds within) const {
  if (process.wait(within) != 0) throw std::runtime_error("penstock " + what + ": " + test::read_file(log_of(what)));
}

void Penstock::stop() {
  for (const auto& replicator : replicators_) replicator.send(SIGTERM);
  for (auto& replicator : replicators_) replicator.wait(std::chrono::seconds(15));
  replicators_.clear();
}

std::vector<pid_t> Penstock::processes() const {
  std::vector<pid_t> all;
  for (const auto& replicator : replicators_) all.push_back(replicator.id());
  return all;
}

}  // namespace penstock::bench
