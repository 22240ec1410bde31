#pragma once
#include <string>
#include <utility>
#include <vector>

#include "rivals/rival.hpp"

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
  // A database of this name on both servers, each with the tables of employee.sql, and all else that a rival works on.
  // A number is added to the name, so that it may be used again.
  Place make_place(const std::string& server_a, const std::string& server_b, const std::string& name);
  // A directory of this name in directory(), for somebody's files.
  std::string make_directory(const std::string& name) const;

 private:
  std::string kafka_, token_, directory_;
  int places_ = 0;                                              // made so far
  std::vector<std::pair<std::string, std::string>> databases_;  // server, name
};

}  // namespace penstock::bench
