#include "random/accidents.hpp"

#include <thread>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

namespace penstock::test {
namespace {

std::chrono::milliseconds some(Random& random, long least_ms, long most_ms) {
  return std::chrono::milliseconds(random.between(least_ms, most_ms));
}

// Whether Kafka is up is asked at the address that it advertises, which is that of a network that may be broken just
// now.
bool starts(const OwnServer& server) {
  constexpr int kTries = 10;
  for (int tries = 0; tries < kTries; ++tries) {
    if (!server.start().empty()) return true;
  }
  return false;
}

}  // namespace

Accidents::Accidents(std::uint64_t seed, ExposedServers& servers, Replicator& replicator, Alterations& alterations,
                     Story& story)
    : random_(seed), servers_(servers), replicator_(replicator), alterations_(alterations), story_(story) {}

void Accidents::happen_until(Clock::time_point end) {
  const Network networks[] = {{"A", servers_.proxy_a}, {"B", servers_.proxy_b}, {"Kafka", servers_.proxy_kafka}};
  std::vector<std::vector<Network>> at_once(1 + random_.below(std::size(networks)));
  for (std::size_t i = 0; i < std::size(networks); ++i) at_once[i % at_once.size()].push_back(networks[i]);
  std::vector<std::thread> threads;
  for (const auto& some_networks : at_once) {
    threads.emplace_back([this, end, &some_networks, random = Random(random_.seed())] {
      break_networks_until(end, some_networks, random);
    });
  }
  crash_servers_until(end);
  for (auto& thread : threads) thread.join();
  servers_.heal_networks();
  say("all is whole again");
}

void Accidents::break_networks_until(Clock::time_point end, const std::vector<Network>& networks, Random random) {
  using Kind = void (Accidents::*)(const Network&, Random&);
  static const std::vector<Kind> kinds{&Accidents::refuse, &Accidents::reset, &Accidents::cut,
                                       &Accidents::slow,   &Accidents::stall, &Accidents::forget};
  while (true) {
    std::this_thread::sleep_for(some(random, 200, 3'000));
    if (Clock::now() > end) return;
    const Network& network = random.pick(networks);
    const std::size_t kind = random.below(kinds.size() + 1);
    kind == kinds.size() ? freeze(random) : (this->*kinds[kind])(network, random);
    network.proxy.pass();
    ++count_;
  }
}

// In some rounds a server is away most of the time.
void Accidents::crash_servers_until(Clock::time_point end) {
  const Server servers[] = {{"A", servers_.a, true}, {"B", servers_.b, true}, {"Kafka", servers_.kafka, false}};
  const long longest_pause_ms = random_.pick<long>({2'000, 8'000});
  while (true) {
    std::this_thread::sleep_for(some(random_, 500, longest_pause_ms));
    if (Clock::now() > end) return;
    crash(servers[random_.below(std::size(servers))]);
    ++count_;
  }
}

void Accidents::last(const std::string& what, std::chrono::milliseconds duration) {
  say(fmt::format("{} for {} ms", what, duration.count()));
  std::this_thread::sleep_for(duration);
}

void Accidents::refuse(const Network& network, Random& random) {
  network.proxy.refuse();
  last("the network to " + network.name + " refuses connections", some(random, 300, 1'500));
}

void Accidents::reset(const Network& network, Random&) {
  network.proxy.reset();
  say("connections to " + network.name + " are reset");
}

void Accidents::cut(const Network& network, Random& random) {
  const long bytes = random.between(1, 100'000);
  network.proxy.cut_after(static_cast<int>(bytes));
  last(fmt::format("connections to {} are cut after {} bytes", network.name, bytes), some(random, 300, 3'000));
}

void Accidents::slow(const Network& network, Random& random) {
  const long bytes_per_second = random.between(20'000, 500'000);
  network.proxy.slow(static_cast<int>(bytes_per_second), some(random, 0, 30));
  last(fmt::format("the network to {} passes {} bytes/s", network.name, bytes_per_second), some(random, 500, 5'000));
}

void Accidents::stall(const Network& network, Random& random) {
  network.proxy.stall();
  last("the network to " + network.name + " stalls", some(random, 1'000, 8'000));
}

void Accidents::forget(const Network& network, Random&) {
  network.proxy.forget();
  say("open connections to " + network.name + " fall silent");
}

void Accidents::freeze(Random& random) {
  const std::size_t process = random.below(replicator_.processes());
  const auto duration = some(random, 1'000, 8'000);
  say(fmt::format("process {} of the program freezes for {} ms", process, duration.count()));
  replicator_.freeze(process, duration);
}

void Accidents::crash(const Server& server) {
  std::unique_lock<std::mutex> whole;
  if (server.altered) whole = alterations_.between_two();
  const bool in_order = server.altered && random_.chance(0.5);
  say(server.name + (in_order ? " is stopped hard" : " is killed"));
  in_order ? server.server.stop_immediately() : server.server.kill();
  std::this_thread::sleep_for(some(random_, 0, 2'000));
  EXPECT_TRUE(starts(server.server)) << server.name << " does not start again";
  say(server.name + " is back");
}

}  // namespace penstock::test
