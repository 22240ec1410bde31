#pragma once
// For the few questions that librdkafka's C API only answers by blocking. Internal to kafka/.
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"

namespace penstock::kafka {

class HelperThread {
 public:
  HelperThread() try : pool_(1) {
  } catch (const boost::system::system_error& refused) {
    throw Failure(ErrorKind::transient, std::string("no thread left to ask Kafka with: ") + refused.what());
  }
  ~HelperThread() { pool_.join(); }

  // Runs `ask` on the thread and returns what it returned. It cannot be interrupted: it must bound its own wait.
  template <class Ask>
  Task<std::invoke_result_t<Ask>> run(Ask ask) {
    auto work = [](Ask inner) -> Task<std::invoke_result_t<Ask>> { co_return inner(); };
    co_return co_await asio::co_spawn(pool_.get_executor(), work(std::move(ask)), asio::use_awaitable);
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace penstock::kafka
