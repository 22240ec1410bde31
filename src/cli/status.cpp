#include <iostream>

#include "cli/command.hpp"
#include "ops/status.hpp"

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

Task<int> show(const Config& config, bool json, bool watch) {
  while (true) {
    const ops::Status status = co_await ops::read_status(config);
    std::cout << (json ? status.to_json() : status.to_text()) << std::flush;
    if (!watch) co_return status.healthy() ? 0 : 1;
    co_await sleep_for(1s);
  }
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  auto json = std::make_shared<bool>(false);
  auto watch = std::make_shared<bool>(false);
  auto* command = app.add_subcommand(
      "status", "captured = applied + rejected + in flight, per table; exit 1 where that does not hold");
  command->add_flag("--json", *json, "one JSON object (with --watch: a line a second)");
  command->add_flag("--watch", *watch, "again every second, until Ctrl-C");
  command->callback(
      [=, &chosen] { chosen = [json, watch](const Config& config) { return show(config, *json, *watch); }; });
}

}  // namespace penstock::cli
