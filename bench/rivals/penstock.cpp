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
  const std::string& directory = place().directory;
  std::ofstream(toml()) << "[pipeline]\nname = \"emp\"\n[source]\ndsn = \"" << place().dsn_a << "\"\n[target]\ndsn = \""
                        << place().dsn_b << "\"\n[kafka]\nbootstrap_servers = \"" << place().kafka
                        << "\"\ntopic_prefix = \"" << place().topic_prefix << "\"\n"
                        << (tables_.empty() ? kTables : tables_);
  test::Process migrate({program_, "--config", toml(), "migrate"}, directory + "/migrate.out",
                        directory + "/migrate.log");
  if (migrate.wait(std::chrono::seconds(60)) != 0) {
    throw std::runtime_error("penstock migrate: " + test::read_file(directory + "/migrate.log"));
  }
  replicator_.emplace(std::vector{program_, std::string("--config"), toml(), std::string("run")},
                      directory + "/run.out", directory + "/run.log");
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
