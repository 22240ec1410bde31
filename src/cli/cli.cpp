#include "cli/cli.hpp"

#include <iostream>

#include "base/log.hpp"
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
  Action action;
  add_migrate(app, action);
  add_run(app, action);
  add_status(app, action);

  add_verify(app, action);
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
