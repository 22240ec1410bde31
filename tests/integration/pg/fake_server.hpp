#pragma once
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/task.hpp"

namespace penstock::test {

// Speaks just enough of PostgreSQL's protocol to misbehave as no real server does on demand: sends one prepared answer
// for each packet it reads, and then closes, or keeps silent.
class FakeServer {
 public:
  enum class Then { close, silence };

  FakeServer(const asio::any_io_executor& executor, Then then)
      : acceptor_(executor, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(executor, serve(acceptor_, answers_, then), asio::detached);
  }

  FakeServer& answer(std::string bytes) {
    answers_->push_back(std::move(bytes));
    return *this;
  }

  std::string dsn() const {
    return "postgresql://u:secret@127.0.0.1:" + port() + "/db?sslmode=disable&gssencmode=disable";
  }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

  static std::string message(char type, std::string body) {
    const auto length = static_cast<unsigned>(body.size() + 4);
    std::string text(1, type);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) text += static_cast<char>((length >> shift) & 0xFFU);
    return text + std::move(body);
  }
  static std::string error(const std::string& severity, const std::string& sqlstate, const std::string& text,
                           const std::string& detail) {
    std::string body;
    for (const auto& [code, value] :
         {std::pair{'S', severity}, {'V', severity}, {'C', sqlstate}, {'M', text}, {'D', detail}}) {
      body.append(1, code).append(value).append(1, '\0');
    }
    return message('E', body + '\0');
  }
  static std::string ask_for_password() { return message('R', std::string("\0\0\0\3", 4)); }
  static std::string let_in() { return message('R', std::string("\0\0\0\0", 4)) + ready(); }
  static std::string done() { return message('C', std::string("SET\0", 4)) + ready(); }

 private:
  static std::string ready() { return message('Z', "I"); }

  // Static: it may outlive the server by a few steps.
  static Task<void> serve(asio::ip::tcp::acceptor& acceptor, std::shared_ptr<std::deque<std::string>> answers,
                          Then then) {
    auto peer = co_await acceptor.async_accept(asio::use_awaitable);
    std::array<char, 4096> packet{};
    while (!answers->empty()) {
      co_await peer.async_read_some(asio::buffer(packet), asio::use_awaitable);
      co_await asio::async_write(peer, asio::buffer(answers->front()), asio::use_awaitable);
      answers->pop_front();
    }
    while (then == Then::silence) co_await peer.async_read_some(asio::buffer(packet), asio::use_awaitable);
  }

  std::shared_ptr<std::deque<std::string>> answers_ = std::make_shared<std::deque<std::string>>();
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace penstock::test
