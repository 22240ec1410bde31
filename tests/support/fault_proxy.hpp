#pragma once
#include <chrono>
#include <memory>
#include <string>

namespace penstock::test {

// A TCP proxy on a thread of its own, which does to connections what networks do. Every command holds for the
// connections that are open and for new ones, until the next command, and has taken effect when it returns.
class FaultProxy {
 public:
  // Listens on a free port of 127.0.0.1.
  FaultProxy();
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::string address() const;  // host:port
  // Where new connections go: host:port.
  void forward_to(const std::string& address);

  void pass();
  void reset();   // RST on every open connection; new ones pass
  void refuse();  // the same, and on each new one
  void stall();   // connections stay open, and are accepted; no byte passes, either way
  // What is open now is silent for ever, and stays open for the client; servers give it up after 12 s. New ones pass.
  void forget();
  // Each way of each connection.
  void slow(int bytes_per_second, std::chrono::milliseconds latency);
  // RST after so many more bytes of each connection, both ways together: in the middle of a message.
  void cut_after(int bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::test
