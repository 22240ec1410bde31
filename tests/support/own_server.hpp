#pragma once
#include <filesystem>
#include <string>

#include "support/line.hpp"

namespace penstock::test {

// One server of a test's own, to be stopped or set up as it likes, and gone with the object; the other two are
// everybody's.
class OwnServer {
 public:
  // which: a, b or kafka. settings: NAME=VALUE, separated by spaces. parent: where its directory is made.
  explicit OwnServer(const std::string& which, const std::string& settings = "",
                     const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  // A PostgreSQL more, of a base backup of a running one: by itself, or a standby that follows it.
  enum class Copy { alone, standby };
  OwnServer(const OwnServer& of, Copy how);
  ~OwnServer();
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  std::string start() const { return command("start"); }
  void kill() const { command("kill"); }  // SIGKILL to every process of it
  void stop() const { command("stop"); }
  void stop_immediately() const { command("stop", "immediate"); }

  void promote() const { command("promote"); }  // a standby

  std::string path() const { return (directory_ / "server").string(); }

  Servers servers = Servers::shared();

 private:
  std::string command(const std::string& action, const std::string& how = "") const;
  std::string& address() { return which_ == "a" ? servers.a : which_ == "b" ? servers.b : servers.kafka; }

  const std::string which_;
  std::filesystem::path directory_;
};

}  // namespace penstock::test
