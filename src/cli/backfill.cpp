#include "ops/backfill.hpp"

#include "base/log.hpp"
#include "cli/command.hpp"

namespace penstock::cli {
namespace {

Task<int> copy_again(const Config& config, std::shared_ptr<ops::BackfillOptions> options) {
  const bool done = co_await ops::backfill(config, *options);
  if (done && options->wait) log::info("backfill: B has it");
  co_return done ? 0 : 1;
}

}  // namespace

void add_backfill(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ops::BackfillOptions>();
  auto no_wait = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("backfill", "copy a table, or part of it, again through the stream");
  command->add_option("table", options->table, "of A: public.employee_a")->required();
  command->add_option("--where", options->where,
                      "only rows of A for which this SQL predicate is true; rows that only B has then stay");
  command->add_flag("--no-wait", *no_wait, "end once the request is stored, not once B has it");
  command->callback([=, &chosen] {
    options->wait = !*no_wait;
    chosen = [options](const Config& config) { return copy_again(config, options); };
  });
}

}  // namespace penstock::cli
