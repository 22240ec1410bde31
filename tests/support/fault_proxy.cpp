#include "support/fault_proxy.hpp"

#include <fcntl.h>

#include <array>
#include <future>
#include <limits>
#include <list>
#include <optional>
#include <thread>

#include <boost/asio.hpp>

#include "base/task.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Tcp = asio::ip::tcp;

constexpr auto kGateInterval = 5ms;
// When a server whose client cannot be heard any more gives it up: its keepalives, which the kernel answers here.
constexpr auto kGivenUpAfter = 12s;
constexpr int kUnlimited = std::numeric_limits<int>::max();
constexpr std::size_t kChunk = 16 << 10;

// A server that a test starts would inherit the connection, and keep it open.
void keep_to_ourselves(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

// A connection of a client's, and the one that was made for it.
struct Pair {
  explicit Pair(Tcp::socket accepted) : client(std::move(accepted)), server(client.get_executor()) {
    keep_to_ourselves(client.native_handle());
    server.open(Tcp::v4());
    keep_to_ourselves(server.native_handle());
  }

  static void reset(Tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }
  void reset() {
    reset(client);
    reset(server);
  }

  Tcp::socket client, server;
  bool forgotten = false;
  int left_bytes = kUnlimited;
};

Tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  return {asio::ip::make_address(address.substr(0, colon)),
          static_cast<unsigned short>(std::stoi(address.substr(colon + 1)))};
}

}  // namespace

struct FaultProxy::Impl {
  Impl() {
    keep_to_ourselves(acceptor.native_handle());
    asio::co_spawn(io, accept(), asio::detached);
    thread = std::thread([this] { io.run(); });
  }
  ~Impl() {
    io.stop();
    thread.join();
  }

  // On the proxy's thread, and waits for it.
  template <class Do>
  void command(Do what) {
    std::promise<void> done;
    asio::post(io, [&] {
      refusing = stalled = false;
      bytes_per_second = kUnlimited;
      latency = 0ms;
      cut = kUnlimited;
      each_open([](Pair& pair) { pair.left_bytes = kUnlimited; });
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  template <class Do>
  void each_open(Do what) {
    std::erase_if(pairs, [](const auto& pair) { return pair.expired(); });
    for (const auto& pair : pairs) what(*pair.lock());
  }
  void reset_all() {
    each_open([](Pair& pair) { pair.reset(); });
  }

  Task<void> accept() {
    while (true) {
      boost::system::error_code gone;  // by the time it is accepted
      Tcp::socket client = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, gone));
      if (gone) continue;
      auto pair = std::make_shared<Pair>(std::move(client));
      if (refusing) {
        pair->reset();
        continue;
      }
      pair->left_bytes = cut;
      pairs.push_back(pair);
      asio::co_spawn(io, serve(std::move(pair)), asio::detached);
    }
  }

  Task<void> serve(std::shared_ptr<Pair> pair) {
    try {
      co_await gate(*pair);
      co_await pair->server.async_connect(target, asio::use_awaitable);
      pair->client.set_option(Tcp::no_delay(true));
      pair->server.set_option(Tcp::no_delay(true));
    } catch (const boost::system::system_error&) {
      pair->reset();
      co_return;
    }
    asio::co_spawn(io, pump(pair, pair->client, pair->server), asio::detached);
    asio::co_spawn(io, pump(pair, pair->server, pair->client), asio::detached);
  }

  // One way of a connection, to its end.
  Task<void> pump(std::shared_ptr<Pair> pair, Tcp::socket& from, Tcp::socket& to) {
    std::array<char, kChunk> bytes{};
    try {
      while (true) {
        co_await gate(*pair);
        const std::size_t most = std::min<std::size_t>(kChunk, static_cast<std::size_t>(bytes_per_second) / 20 + 1);
        const std::size_t count = co_await from.async_read_some(asio::buffer(bytes, most), asio::use_awaitable);
        co_await gate(*pair);  // what was read when the stall began stays here
        co_await delay(count);
        const std::size_t now = std::min(count, static_cast<std::size_t>(pair->left_bytes));
        co_await asio::async_write(to, asio::buffer(bytes, now), asio::use_awaitable);
        // Also where the next command came meanwhile: what was not written is lost.
        if (now < count) pair->reset();
        if (pair->left_bytes == kUnlimited) continue;
        pair->left_bytes -= static_cast<int>(now);
        if (pair->left_bytes == 0) pair->reset();
      }
    } catch (const boost::system::system_error&) {
      if (pair->forgotten) co_return;  // neither hears of the other
      boost::system::error_code ignored;
      pair->client.close(ignored);
      pair->server.close(ignored);
    }
  }

  Task<void> give_up(std::shared_ptr<Pair> pair) {
    asio::steady_timer timer(io, kGivenUpAfter);
    co_await timer.async_wait(asio::use_awaitable);
    Pair::reset(pair->server);
  }

  Task<void> gate(const Pair& pair) {
    while ((stalled || pair.forgotten) && pair.client.is_open()) {
      asio::steady_timer timer(io, kGateInterval);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  Task<void> delay(std::size_t count) {
    const auto pause = latency + std::chrono::milliseconds(1'000 * static_cast<std::int64_t>(count) / bytes_per_second);
    if (pause == 0ms) co_return;
    asio::steady_timer timer(io, pause);
    co_await timer.async_wait(asio::use_awaitable);
  }

  asio::io_context io{1};
  Tcp::acceptor acceptor{io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  Tcp::endpoint target;
  std::list<std::weak_ptr<Pair>> pairs;
  bool refusing = false, stalled = false;
  int bytes_per_second = kUnlimited, cut = kUnlimited;
  std::chrono::milliseconds latency{0};
  std::thread thread;
};

FaultProxy::FaultProxy() : impl_(std::make_unique<Impl>()) {}
FaultProxy::~FaultProxy() = default;

std::string FaultProxy::address() const {
  return "127.0.0.1:" + std::to_string(impl_->acceptor.local_endpoint().port());
}

void FaultProxy::forward_to(const std::string& address) {
  impl_->command([&] { impl_->target = endpoint_of(address); });
}

void FaultProxy::pass() {
  impl_->command([] {});
}

void FaultProxy::reset() {
  impl_->command([this] { impl_->reset_all(); });
}

void FaultProxy::refuse() {
  impl_->command([this] {
    impl_->refusing = true;
    impl_->reset_all();
  });
}

void FaultProxy::stall() {
  impl_->command([this] { impl_->stalled = true; });
}

void FaultProxy::forget() {
  impl_->command([this] {
    for (const auto& open : impl_->pairs) {
      auto pair = open.lock();
      if (!pair || pair->forgotten) continue;
      pair->forgotten = true;
      asio::co_spawn(impl_->io, impl_->give_up(std::move(pair)), asio::detached);
    }
  });
}

void FaultProxy::slow(int bytes_per_second, std::chrono::milliseconds latency) {
  impl_->command([&] {
    impl_->bytes_per_second = bytes_per_second;
    impl_->latency = latency;
  });
}

void FaultProxy::cut_after(int bytes) {
  impl_->command([&] {
    impl_->cut = bytes;
    impl_->each_open([bytes](Pair& pair) { pair.left_bytes = bytes; });
  });
}

}  // namespace penstock::test
