#include "ops/doctor.hpp"

#include <iostream>

#include "cli/command.hpp"

namespace penstock::cli {
namespace {

Task<int> examine(const Config& config, bool json) {
  const ops::Diagnosis diagnosis = co_await ops::diagnose(config);
  std::cout << (json ? diagnosis.to_json() : diagnosis.to_text());
  if (diagnosis.away) co_return exit_code(ErrorKind::transient);
  co_return diagnosis.healthy() ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  auto json = std::make_shared<bool>(false);
  auto* command = app.add_subcommand(
      "doctor", "everything that could make it fail, with the cure; exit 0 healthy, 1 not, 3 a server is away");
  command->add_flag("--json", *json, "as JSON");
  command->callback([=, &chosen] { chosen = [json](const Config& config) { return examine(config, *json); }; });
}

}  // namespace penstock::cli
