#pragma once
// Coroutines: everything that waits is a Task on one thread's io_context.
// GCC 12 miscompiles a co_await inside a conditional expression, an initialiser list, or a call whose other arguments
// are temporaries with destructors: await into a named variable first.
#include <chrono>

#include <boost/asio.hpp>

namespace penstock {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

// Sleeps; throws nothing but the cancellation of the coroutine.
Task<void> sleep_for(std::chrono::nanoseconds duration);

}  // namespace penstock
