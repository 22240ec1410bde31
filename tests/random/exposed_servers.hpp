#pragma once
#include "support/fault_proxy.hpp"
#include "support/own_server.hpp"

namespace penstock::test {

// A, B and Kafka of a run's own, to which anything may happen. The program reaches each of them through a proxy, all
// others go straight.
class ExposedServers {
 public:
  ExposedServers() {
    proxy_a.forward_to(host_of(a.servers.a));
    proxy_b.forward_to(host_of(b.servers.b));
    proxy_kafka.forward_to(kafka.servers.kafka);
  }

  Servers servers() const {
    return {a.servers.a, b.servers.b, kafka.servers.kafka, proxy_a.address(), proxy_b.address(), proxy_kafka.address()};
  }
  // In order. The program waits to be woken by A's writers, but where these may prepare transactions it polls.
  void restart_a(bool with_prepared_transactions) const {
    Database(a.servers.a)
        .run(std::string("alter system set max_prepared_transactions = ") + (with_prepared_transactions ? "20" : "0"));
    a.stop();
    a.start();
  }
  // All networks are whole again, and what had fallen silent for ever is at last closed.
  void heal_networks() {
    for (FaultProxy* proxy : {&proxy_a, &proxy_b, &proxy_kafka}) proxy->reset();
  }

  FaultProxy proxy_a, proxy_b, proxy_kafka;
  const OwnServer a{"a"}, b{"b"};
  // A broker tells its clients where to connect.
  const OwnServer kafka{"kafka", "advertised.listeners=PLAINTEXT://" + proxy_kafka.address()};
};

}  // namespace penstock::test
