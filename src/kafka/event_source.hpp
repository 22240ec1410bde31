#pragma once
// Waiting for a librdkafka queue without a thread: librdkafka writes to an eventfd, Asio waits for it. Internal to
// kafka/.
#include <chrono>
#include <memory>

#include "base/task.hpp"
#include "kafka/handles.hpp"

namespace penstock::kafka {

class EventSource {
 public:
  // The queue must live longer.
  EventSource(asio::any_io_executor executor, rd_kafka_queue_t* queue);
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  ~EventSource();

  // Returns when something may be in the queue, after at_most at the latest. librdkafka signals only when an empty
  // queue gets something, so the caller drains the queue before it waits and after every wait. Several may wait at
  // once.
  Task<void> wait(std::chrono::steady_clock::duration at_most = kTick);
  // Whoever waits goes on as if that time were over.
  void end_wait();

  static constexpr std::chrono::milliseconds kTick{100};

 private:
  struct State;
  rd_kafka_queue_t* queue_;
  std::shared_ptr<State> state_;
};

}  // namespace penstock::kafka
