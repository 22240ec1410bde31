#include "cli/cli.hpp"

#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "cli/command.hpp"

namespace penstock::cli {
namespace {

// One thread runs everything; the command's end ends it, whatever else still waits.
int run_action(const Action& action, const Config& config) {
  asio::io_context io(1);
  int code = exit_code(ErrorKind::bug);
  std::exception_ptr failed;
  asio::co_spawn(io, action(config), [&](std::exception_ptr error, int result) {
    failed = error;
    code = result;
    io.stop();
  });
  io.run();
  if (failed) std::rethrow_exception(failed);
  return code;
}

const CLI::App& deepest_parsed(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest_parsed(*parsed.front());
}

// What is wrong with the command line, with the usage of the command that was begun.
std::string complaint(const CLI::App* app, const CLI::Error& error) {
  const CLI::App& command = deepest_parsed(*app);
  std::vector<std::string> commands;
  for (const auto* known : command.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(known->get_name());
  }
  std::string problem = error.what();
  const auto unknown = app->remaining(true);
  if (!unknown.empty()) {
    const bool option = unknown[0].starts_with('-');
    const std::string meant = option ? "" : nearest(unknown[0], commands);
    problem = (option             ? "unknown option "
               : commands.empty() ? "unexpected argument "
                                  : "unknown command ") +
              unknown[0] + (meant.empty() ? "" : "; did you mean " + meant + "?");
  }
  const std::string help = app->help();  // of the command that was begun, with those before it
  const auto usage = help.find("Usage: ");
  std::string text = "penstock: " + problem + "\n" + help.substr(usage, help.find('\n', usage) - usage) + "\n";
  if (!commands.empty()) text += fmt::format("Commands: {}\n", fmt::join(commands, ", "));
  return text + "--help tells more.\n";
}

int report(ErrorKind kind, const char* what) {
  std::cerr << "penstock: " << what << "\n";
  return exit_code(kind);
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Copies the changes of PostgreSQL tables through Kafka into other PostgreSQL databases, exactly once.",
               "penstock");
  std::string file = "penstock.toml";
  app.add_option("--config", file, "the configuration")->capture_default_str();
  app.set_version_flag("--version", std::string("penstock ") + PENSTOCK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // --config may stand behind the command as well
  app.failure_message(complaint);
  Action action;
  add_migrate(app, action);
  add_run(app, action);
  add_status(app, action);
  add_verify(app, action);
  add_backfill(app, action);
  add_doctor(app, action);
  add_dlq(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    app.exit(error);
    return asked ? 0 : exit_code(ErrorKind::usage);
  }
  log::start();
  try {
    return run_action(action, Config::load(file));
  } catch (const Failure& failure) {
    return report(failure.kind(), failure.what());
  } catch (const std::exception& error) {
    return report(ErrorKind::bug, error.what());
  }
}

}  // namespace penstock::cli
