#include "rivals/penstock.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

namespace penstock::bench {
namespace {

constexpr const char* kTables = R"(
[[table]]
source = "public.employee"
target = "public.employee"

[[table]]
source = "public.bystander"
target = "public.bystander"

[[rule]]
table = "public.employee"
name = "born_after_2007"
check = "dob >= date '2008-01-01'"

[[rule]]
table = "public.employee"
name = "salary_above_10000"
check = "salary > 10000"

[[rule]]
table = "public.employee"
name = "no_negative_id"
check = "emp_id >= 0"
)";

}  // namespace

void Penstock::start() {
  migrate();
  run();
}

void Penstock::migrate() {
  std::ofstream(place().directory + "/penstock.toml")
      << "[pipeline]\nname = \"" << file_.name << "\"\nsnapshot = \"" << file_.snapshot << "\"\n[source]\ndsn = \""
      << place().dsn_a << "\"\n[target]\ndsn = \"" << place().dsn_b << "\"\n[kafka]\nbootstrap_servers = \""
      << place().kafka << "\"\ntopic_prefix = \"" << place().topic_prefix << "\"\n"
      << (file_.tables.empty() ? kTables : file_.tables);
  test::Process process = command({"migrate"});
  expect_done(process, "migrate", std::chrono::seconds(60));
}

void Penstock::run() { replicator_.emplace(command({"run"})); }

test::Process Penstock::command(const std::vector<std::string>& words) const {
  std::vector<std::string> all{program_, "--config", place().directory + "/penstock.toml"};
  all.insert(all.end(), words.begin(), words.end());
  return {all, place().directory + "/" + words[0] + ".out", log_of(words[0])};
}

void Penstock::expect_done(test::Process& process, const std::string& what, std::chrono::seconds within) const {
  if (process.wait(within) != 0) throw std::runtime_error("penstock " + what + ": " + test::read_file(log_of(what)));
}

void Penstock::stop() {
  if (!replicator_) return;
  replicator_->send(SIGTERM);
  replicator_->wait(std::chrono::seconds(15));
  replicator_.reset();
}

std::vector<pid_t> Penstock::processes() const {
  if (!replicator_) return {};
  return {replicator_->id()};
}

}  // namespace penstock::bench
