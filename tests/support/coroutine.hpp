#pragma once
#include <exception>
#include <utility>

#include "base/task.hpp"

namespace penstock::test {

// Runs one coroutine to its end on an io_context of its own; throws what it threw.
template <class Make>
void run_task(Make make) {
  asio::io_context io;
  std::exception_ptr failed;
  asio::co_spawn(io, make(), [&](std::exception_ptr error) {
    failed = error;
    io.stop();
  });
  io.run();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace penstock::test
