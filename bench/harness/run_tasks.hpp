#pragma once
#include <exception>

#include "base/task.hpp"

namespace penstock::bench {

// Runs make(0) … make(count - 1) beside each other to their end; throws what the first of them threw, at once.
template <class Make>
void run_tasks(asio::io_context& io, int count, Make make) {
  std::exception_ptr failed;
  io.restart();
  for (int i = 0; i < count; ++i) {
    asio::co_spawn(io, make(i), [&](std::exception_ptr error) {
      if (!error) return;
      failed = error;
      io.stop();
    });
  }
  io.run();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace penstock::bench
