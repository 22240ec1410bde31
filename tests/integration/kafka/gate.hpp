#pragma once
#include <thread>

#include "base/task.hpp"

namespace penstock::testing_support {

// A port that leads to the broker once it is opened: until then connections to it are refused.
class Gate {
 public:
  explicit Gate(std::string broker) : broker_(std::move(broker)) {
    // Found free, and given back until open() takes it.
    asio::ip::tcp::acceptor probe(context_, {asio::ip::address_v4::loopback(), 0});
    port_ = probe.local_endpoint().port();
  }
  ~Gate() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void open() {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }

 private:
  using Socket = asio::ip::tcp::socket;

  Task<void> accept() {
    asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), port_});
    const auto colon = broker_.rfind(':');
    asio::ip::tcp::resolver resolver(context_);
    const auto addresses = resolver.resolve(broker_.substr(0, colon), broker_.substr(colon + 1));
    for (;;) {
      auto client = std::make_shared<Socket>(co_await acceptor.async_accept(asio::use_awaitable));
      auto server = std::make_shared<Socket>(context_);
      asio::connect(*server, addresses);
      asio::co_spawn(context_, pump(client, server), asio::detached);
      asio::co_spawn(context_, pump(server, client), asio::detached);
    }
  }

  static Task<void> pump(std::shared_ptr<Socket> from, std::shared_ptr<Socket> to) {
    std::array<char, 16'384> buffer{};
    for (;;) {
      const auto [read_error, bytes] =
          co_await from->async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
      if (read_error) break;
      const auto [write_error, written] =
          co_await asio::async_write(*to, asio::buffer(buffer, bytes), asio::as_tuple(asio::use_awaitable));
      if (write_error) break;
    }
    boost::system::error_code ignored;
    to->shutdown(Socket::shutdown_both, ignored);
  }

  asio::io_context context_{1};
  std::string broker_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace penstock::testing_support
