#pragma once
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::cli {

// What a command does once the configuration is read; gives the exit code of interface.md.
using Action = std::function<Task<int>(const Config&)>;

// Each command declares its options and hands over its action when it was chosen; one file a command.
void add_migrate(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);
void add_status(CLI::App& app, Action& chosen);
void add_verify(CLI::App& app, Action& chosen);
void add_backfill(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_dlq(CLI::App& app, Action& chosen);

}  // namespace penstock::cli
