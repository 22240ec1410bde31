#include "harness/results.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

namespace penstock::bench {
namespace {

// The first value of `name` in a file of "name: value" lines.
std::string line_of(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const auto value = line.find_first_not_of(" \t:=\"", name.size());
    return line.substr(value, line.find_last_not_of("\" ") + 1 - value);
  }
  return "";
}

// The host's name is nobody's business.
JsonObject machine() {
  utsname kernel{};
  ::uname(&kernel);
  JsonObject json;
  json.set("cpu", line_of("/proc/cpuinfo", "model name")).set("cores", ::sysconf(_SC_NPROCESSORS_ONLN));
  json.set("memory_gb",
           static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 30));
  return json.set("kernel", kernel.release).set("system", line_of("/etc/os-release", "PRETTY_NAME"));
}

}  // namespace

Results::Results(const Field& field, std::string figure) : field_(field), figure_(std::move(figure)) {}

void Results::add(const JsonObject& run) { runs_.push_back(run.text()); }

void Results::refuse(JsonObject run, const std::string& why) {
  std::cerr << "\n!!! " << why << "\n\n";
  run.set("refused", why);
  add(run);
  ++refused_;
}

void Results::save() const {
  write();
  if (refused_ > 0) throw std::runtime_error(fmt::format("{} runs have NO FIGURE", refused_));
}

void Results::write() const {
  const Setup& setup = field_.setup();
  if (setup.results.empty()) return;
  JsonObject about;
  about.set("postgresql", Session(setup.b).value("show server_version")).set("librdkafka", rd_kafka_version_str());
  for (const auto& [name, value] : setup.about) about.set(name, value);
  JsonObject head;
  head.set("figure", figure_).set("quick", setup.quick).set("seed", setup.seed);
  head.set("date", fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))));
  head.set("machine", machine()).set("about", about);
  std::string runs;
  for (const std::string& run : runs_) runs += (runs.empty() ? "\n  " : ",\n  ") + run;
  head.raw("runs", "[" + runs + "\n]");
  std::filesystem::create_directories(setup.results);
  const std::string file = setup.results + "/" + figure_ + ".json";
  std::ofstream(file + ".new") << head.text() << "\n";
  std::filesystem::rename(file + ".new", file);
}

}  // namespace penstock::bench
