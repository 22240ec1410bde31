#pragma once
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "random/ddl.hpp"
#include "random/exposed_servers.hpp"
#include "random/replicator.hpp"
#include "random/story.hpp"

namespace penstock::test {

// Random accidents of networks, servers and of the program, each as it begins and ends in the story.
class Accidents {
 public:
  Accidents(std::uint64_t seed, ExposedServers& servers, Replicator& replicator, Alterations& alterations,
            Story& story);

  // Some seconds longer, for what is under way. When it returns, all is whole.
  void happen_until(Clock::time_point end);
  int count() const { return count_; }

 private:
  struct Network {
    std::string name;
    FaultProxy& proxy;
  };
  struct Server {
    std::string name;
    const OwnServer& server;
    bool altered;  // not to crash in the middle of an alteration
  };

  // Each with a thread of its own: a crash waits until no alteration is half made, networks and freezes wait for
  // nothing. In some rounds only one network is broken at a time, in others all three may be.
  void break_networks_until(Clock::time_point end, const std::vector<Network>& networks, Random random);
  void crash_servers_until(Clock::time_point end);
  void refuse(const Network& network, Random& random);
  void reset(const Network& network, Random& random);
  void cut(const Network& network, Random& random);
  void slow(const Network& network, Random& random);
  void stall(const Network& network, Random& random);
  void forget(const Network& network, Random& random);
  void freeze(Random& random);
  void crash(const Server& server);

  void say(const std::string& what) { story_.add("accident", "-- " + what); }
  // Says what has begun, and lets it last.
  void last(const std::string& what, std::chrono::milliseconds duration);

  Random random_;
  ExposedServers& servers_;
  Replicator& replicator_;
  Alterations& alterations_;
  Story& story_;
  std::atomic<int> count_ = 0;
};

}  // namespace penstock::test
