#include <iostream>

#include "cli/command.hpp"
#include "ops/status.hpp"

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

Task<int> show(const Config& config, bool json) {
  const ops::Status status = co_await ops::read_status(config);
  std::cout << (json ? status.to_json() : status.to_text());
  co_return status.healthy() ? 0 : 1;
}

// Until Ctrl-C; a server that is away is said, and looked for again.
Task<int> watch(const Config& config, bool json) {
  while (true) {
    try {
      co_await show(config, json);
      std::cout << std::flush;
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      std::cerr << "penstock: " << failure.what() << "\n";
    }
    co_await sleep_for(1s);
  }
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  auto json = std::make_shared<bool>(false);
  auto again = std::make_shared<bool>(false);
  auto* command = app.add_subcommand(
      "status", "captured = applied + rejected + in flight, per table; exit 1 where that does not hold");
  command->add_flag("--json", *json, "one JSON object (with --watch: a line a second)");
  command->add_flag("--watch", *again, "again every second, until Ctrl-C");
  command->callback([=, &chosen] {
    chosen = [=](const Config& config) { return *again ? watch(config, *json) : show(config, *json); };
  });
}

}  // namespace penstock::cli
