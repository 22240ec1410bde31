#pragma once
#include <spdlog/spdlog.h>

namespace penstock::log {

// Ids, counts and durations only: never a row value, a connection string or a password.
using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

// Sends the log to standard error (results alone go to standard output). PENSTOCK_LOG=debug shows more.
void start();

}  // namespace penstock::log
