#include "harness/pgbench.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/process.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

// Returns what it said.
std::string pgbench(std::vector<std::string> arguments, const std::string& directory, std::chrono::seconds within) {
  const std::string out = directory + "/pgbench.out", err = directory + "/pgbench.err";
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  arguments.insert(arguments.begin(), "pgbench");
  test::Process process(arguments, out, err);
  if (process.wait(within) != 0) throw std::runtime_error("pgbench: " + test::read_file(err));
  return test::read_file(out);
}

double number_behind(const std::string& text, const std::string& words) {
  const auto at = text.find(words);
  if (at == text.npos) throw std::runtime_error("pgbench did not say \"" + words + "\"");
  return std::stod(text.substr(at + words.size()));
}

// pgbench --log: client, transaction, microseconds, script, when; a file a thread.
std::vector<double> take_milliseconds(const std::string& directory) {
  std::vector<double> all;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with("latency.")) continue;
    std::ifstream in(entry.path());
    double client = 0, transaction = 0, microseconds = 0;
    for (std::string rest; in >> client >> transaction >> microseconds && std::getline(in, rest);) {
      all.push_back(microseconds / 1000);
    }
    std::filesystem::remove(entry.path());
  }
  return all;
}

}  // namespace

PgbenchRun run_pgbench(const PgbenchLoad& load, const std::string& directory) {
  std::vector<std::string> arguments{"--protocol=prepared",
                                     "--no-vacuum",
                                     "--client=" + std::to_string(load.clients),
                                     "--jobs=" + std::to_string(std::min(load.clients, 2)),
                                     "--time=" + std::to_string(load.seconds),
                                     "--log",
                                     "--log-prefix=" + directory + "/latency"};
  arguments.insert(arguments.end(), load.script.begin(), load.script.end());
  arguments.push_back(load.dsn);
  const std::string said = pgbench(arguments, directory, std::chrono::seconds(load.seconds) + 60s);
  if (number_behind(said, "number of failed transactions: ") > 0) throw std::runtime_error("pgbench: " + said);
  PgbenchRun run;
  run.tps = number_behind(said, "tps = ");
  run.transactions = static_cast<std::int64_t>(number_behind(said, "number of transactions actually processed: "));
  run.latency = percentiles_of(take_milliseconds(directory));
  return run;
}

void make_pgbench_tables(const std::string& dsn, int scale, const std::string& directory) {
  pgbench({"--initialize", "--init-steps=dtGvp", "--quiet", "--scale=" + std::to_string(scale), dsn}, directory, 300s);
}

void write(JsonObject& json, const PgbenchRun& run) {
  json.set("tps", run.tps).set("transactions", run.transactions).set("latency", to_json(run.latency));
}

}  // namespace penstock::bench
