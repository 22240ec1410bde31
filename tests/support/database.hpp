#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct pg_conn;

namespace penstock::test {

// A statement failed; what() is the server's message.
struct SqlError : std::runtime_error {
  SqlError(std::string state, const std::string& what) : std::runtime_error(what), sqlstate(std::move(state)) {}
  std::string sqlstate;
};

// A blocking session of a test's own, on libpq itself: what checks the program must not go through it.
class Database {
 public:
  explicit Database(const std::string& dsn);

  using Row = std::vector<std::string>;  // NULL is "NULL"

  void run(const std::string& sql);  // any number of statements
  std::vector<Row> rows(const std::string& sql);
  long long changed_rows(const std::string& sql);                 // by an insert, update or delete
  void copy_in(const std::string& sql, const std::string& data);  // a COPY … FROM STDIN
  std::string value(const std::string& sql);                      // the first column of the first row
  long long number(const std::string& sql);
  // True when the statement's value becomes `wanted` within the seconds given.
  bool becomes(const std::string& sql, const std::string& wanted, double seconds);

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Finish> connection_;
};

}  // namespace penstock::test
