#pragma once
#include <random>
#include <string>

#include "support/line.hpp"

namespace penstock::test {

// A role of a test's own on both servers, who may log in and nothing else. Made before the Line whose databases it has
// rights in, so that it is dropped behind them.
class Role {
 public:
  explicit Role(const std::string& kind) : name(kind + std::to_string(std::random_device{}())) {
    for (const auto& server : {servers_.a, servers_.b}) {
      Database(server).run("create role " + name + " login password '" + kPassword + "'");
    }
  }
  ~Role() {
    for (const auto& server : {servers_.a, servers_.b}) Database(server).run("drop role " + name);
  }
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  // The same database as this role.
  Database at(std::string dsn) const {
    const auto user = dsn.find("://") + 3;
    return Database(dsn.replace(user, dsn.find('@') - user, name + ":" + kPassword));
  }

  const std::string name;

 private:
  static constexpr const char* kPassword = "s3cret-of-the-tests";  // the one that penstock.toml's ${TEST_PASSWORD} is
  const Servers servers_ = Servers::shared();
};

}  // namespace penstock::test
