#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pg/params.hpp"

struct pg_conn;

namespace penstock::bench {

// A blocking session on libpq itself: the least that stands between a rival, or the referee, and a server. Throws
// std::runtime_error with the server's message.
class Session {
 public:
  explicit Session(const std::string& dsn);

  using Rows = std::vector<std::vector<std::string>>;  // NULL is ""

  void run(const std::string& script);  // any number of statements
  Rows rows(const std::string& sql, const pg::Params& params = pg::Params::none());
  std::string value(const std::string& sql, const pg::Params& params = pg::Params::none());  // of the first row
  std::int64_t number(const std::string& sql, const pg::Params& params = pg::Params::none());

  void prepare(const std::string& name, const std::string& sql);
  void execute(const std::string& name, const pg::Params& params);

  pg_conn* handle() { return connection_.get(); }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Finish> connection_;
};

// The server's own process: the parent of those that serve sessions. Throws when it is not on this machine.
pid_t server_process(const std::string& dsn);

// The text of bench/sql/NAME.sql; :"table" in it is the table, as psql writes it.
std::string sql_file(const std::string& name, const std::string& table = "employee");

}  // namespace penstock::bench
