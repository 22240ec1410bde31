#pragma once
#include <string>
#include <utility>
#include <vector>

namespace penstock::bench {

// Databases, topics and a directory under a name that nobody else has: all of it is gone with the object.
class Scratch {
 public:
  // kafka: host:port, where topics whose names begin with token() are deleted in the end. use: a word for the name.
  explicit Scratch(std::string kafka, const std::string& use = "");
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& token() const { return token_; }
  const std::string& directory() const { return directory_; }
  // Creates TOKEN_NAME on a server, given by a superuser's URI, and returns the database's.
  std::string make_database(const std::string& server, const std::string& name);
  // A directory of this name in directory(), for somebody's files.
  std::string make_directory(const std::string& name) const;

 private:
  std::string kafka_, token_, directory_;
  std::vector<std::pair<std::string, std::string>> databases_;  // server, name
};

}  // namespace penstock::bench
