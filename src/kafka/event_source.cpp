#include "kafka/event_source.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace penstock::kafka {
namespace {

int new_eventfd() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

// Shared with the timer's handler, which may run after the source is gone.
struct EventSource::State {
  explicit State(asio::any_io_executor executor) : eventfd(executor, new_eventfd()), timer(executor) {}

  // One timer for all who wait, left running between waits: arming one a wait costs more than the wait.
  static void tick_by(const std::shared_ptr<State>& self, std::chrono::steady_clock::time_point when) {
    if (self->armed && self->timer.expiry() <= when) return;
    self->armed = true;
    self->timer.expires_at(when);
    self->timer.async_wait([self](const boost::system::error_code& error) {
      if (error) return;  // replaced by an earlier one, or the source is gone
      self->armed = false;
      boost::system::error_code closed;  // when it was due just as the source went
      self->eventfd.cancel(closed);
    });
  }

  asio::posix::stream_descriptor eventfd;
  asio::steady_timer timer;
  bool armed = false;
};

EventSource::EventSource(asio::any_io_executor executor, rd_kafka_queue_t* queue)
    : queue_(queue), state_(std::make_shared<State>(std::move(executor))) {
  static const std::uint64_t one = 1;  // what librdkafka writes
  rd_kafka_queue_io_event_enable(queue_, state_->eventfd.native_handle(), &one, sizeof one);
}

EventSource::~EventSource() {
  rd_kafka_queue_io_event_enable(queue_, -1, nullptr, 0);
  state_->timer.cancel();
  state_->eventfd.close();
}

Task<void> EventSource::wait(std::chrono::steady_clock::duration at_most) {
  const auto state = state_;
  State::tick_by(state, std::chrono::steady_clock::now() + at_most);
  const auto [error] = co_await state->eventfd.async_wait(asio::posix::stream_descriptor::wait_read,
                                                          asio::as_tuple(asio::use_awaitable));
  if (error) {  // the tick, or this coroutine was cancelled
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
    co_return;
  }
  std::uint64_t signals = 0;
  // Cleared before the caller drains: a signal from here on stands for something that came after.
  [[maybe_unused]] const auto bytes = ::read(state->eventfd.native_handle(), &signals, sizeof signals);
}

void EventSource::end_wait() {
  boost::system::error_code closed;
  state_->eventfd.cancel(closed);
}

}  // namespace penstock::kafka
