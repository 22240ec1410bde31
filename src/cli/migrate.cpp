#include <iostream>

#include "base/log.hpp"
#include "cli/command.hpp"
#include "ops/migrate.hpp"
#include "ops/migrate_status.hpp"

namespace penstock::cli {
namespace {

Task<int> install(const Config& config, bool new_epoch) {
  const int changes = co_await ops::migrate(config, new_epoch);
  if (changes == 0) log::info("migrate: nothing to do");
  co_return 0;
}

Task<int> show_sql(const Config& config) {
  const std::string sql = co_await ops::migrate_dry_run(config);
  std::cout << sql;
  co_return 0;
}

Task<int> take_away(const Config& config) {
  co_await ops::uninstall(config);
  co_return 0;
}

Task<int> list(const Config& config, bool json) {
  const ops::MigrateStatus status = co_await ops::migrate_status(config);
  std::cout << (json ? status.to_json() : status.to_text());
  co_return status.complete() ? 0 : 1;
}

}  // namespace

void add_migrate(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("migrate", "install or upgrade journal and triggers on A, offsets and ledger on B, topics");
  auto dry = std::make_shared<bool>(false);
  auto new_epoch = std::make_shared<bool>(false);
  auto json = std::make_shared<bool>(false);
  auto* dry_run = command->add_flag("--dry-run", *dry, "print the SQL it would run, and change nothing");
  auto* accept =
      command->add_flag("--new-epoch", *new_epoch, "accept A as it is now, after exit 4, and copy everything again");
  accept->excludes(dry_run);
  auto* status = command->add_subcommand("status", "list what is installed; exit 1 where something is missing");
  status->add_flag("--json", *json, "as JSON");
  auto* uninstall = command->add_subcommand("uninstall", "take it all away and leave the tables as they were");
  command->require_subcommand(0, 1);
  for (auto* other : {status, uninstall}) other->excludes(dry_run)->excludes(accept);
  command->callback([=, &chosen] {
    if (status->parsed()) {
      chosen = [json](const Config& config) { return list(config, *json); };
    } else if (uninstall->parsed()) {
      chosen = take_away;
    } else if (*dry) {
      chosen = show_sql;
    } else {
      chosen = [new_epoch](const Config& config) { return install(config, *new_epoch); };
    }
  });
}

}  // namespace penstock::cli
