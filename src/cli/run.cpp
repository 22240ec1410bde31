#include "pipeline/run.hpp"
#include "cli/command.hpp"

namespace penstock::cli {

void add_run(CLI::App& app, Action& chosen) {
  using Role = pipeline::RunOptions::Role;
  auto options = std::make_shared<pipeline::RunOptions>();
  auto* command =
      app.add_subcommand("run", "the replicator: copies what is there, then every change, until SIGTERM or Ctrl-C");
  const std::map<std::string, Role> roles{{"all", Role::all}, {"capture", Role::capture}, {"apply", Role::apply}};
  command
      ->add_option_function<std::string>(
          "--role", [options, roles](const std::string& role) { options->role = roles.at(role); },
          "all, or A to Kafka alone (capture), or Kafka to B alone (apply)")
      ->check(CLI::IsMember({"all", "capture", "apply"}))
      ->option_text("all|capture|apply");
  auto* once = command->add_flag("--once", options->once, "move what is committed now, wait until B has it, and end");
  command
      ->add_option_function<int>(
          "--timeout", [options](int seconds) { options->timeout = std::chrono::seconds(seconds); },
          "with --once: seconds without getting anywhere before it gives up with exit 3 (60)")
      ->check(CLI::Range(1, 86'400))
      ->needs(once);
  command->callback(
      [options, &chosen] { chosen = [options](const Config& config) { return pipeline::run(config, *options); }; });
}

}  // namespace penstock::cli
