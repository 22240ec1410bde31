#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace penstock::pg {

// What a SQLSTATE means for us; "" is a lost connection.
ErrorKind classify_sqlstate(std::string_view sqlstate);

// An error the server reported, or a lost connection (sqlstate "").
// what() carries SQLSTATE, message and the names involved; where the message may quote row values (classes 22 and 23,
// whatever a user's trigger raises), SQLSTATE and names alone.
// A refused connection is an Error too: with the server's SQLSTATE where there was one, kind setup or transient.
class Error : public Failure {
 public:
  Error(ErrorKind kind, std::string sqlstate, std::string constraint, const std::string& what)
      : Failure(kind, what), sqlstate_(std::move(sqlstate)), constraint_(std::move(constraint)) {}

  const std::string& sqlstate() const { return sqlstate_; }
  const std::string& constraint() const { return constraint_; }  // of class 23 and 22 (domains); else empty

 private:
  std::string sqlstate_;
  std::string constraint_;
};

}  // namespace penstock::pg
