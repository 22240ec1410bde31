#include <iostream>

#include "cli/command.hpp"
#include "ops/verify.hpp"

namespace penstock::cli {
namespace {

struct Options {
  ops::VerifyOptions verify;
  bool json = false;
};

Task<int> check(const Config& config, std::shared_ptr<Options> options) {
  const ops::VerifyReport report = co_await ops::verify(config, options->verify);
  std::cout << (options->json ? report.to_json() : report.to_text());
  co_return report.equal ? 0 : 1;
}

}  // namespace

void add_verify(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "verify", "prove that A = B but for open rejects (exit 0), or print the keys that differ (exit 1)");
  command->add_option("--table", options->verify.table, "only this table of A: public.employee_a");
  command->add_flag("--repair", options->verify.repair,
                    "copy keys that differ again through the stream, and verify what came of it");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([=, &chosen] { chosen = [options](const Config& config) { return check(config, options); }; });
}

}  // namespace penstock::cli
