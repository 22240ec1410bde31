#pragma once
#include <map>
#include <optional>
#include <string>

#include "support/process.hpp"

namespace penstock::bench {

using Properties = std::map<std::string, std::string>;

// One Kafka Connect worker (standalone), to which connectors are given over its REST interface. Its JVM takes seconds
// to start and longer to warm up, so all connectors share one, and are paused there. Throws std::runtime_error.
class Connect {
 public:
  // class_path: of Java; directory: for its files.
  Connect(const std::string& class_path, const std::string& kafka, std::string directory);

  void add(const std::string& connector, const Properties& properties);
  void remove(const std::string& connector);
  // A paused connector keeps its tasks, its connections, and what the JVM has compiled for them; it moves nothing.
  void pause(const std::string& connector);
  void resume(const std::string& connector);

  pid_t process() const { return process_->id(); }

 private:
  void await_state(const std::string& connector, const std::string& state);

  std::string directory_;
  std::string port_;
  std::optional<test::Process> process_;
};

}  // namespace penstock::bench
