#include "pg/connection_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace penstock::pg {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConnectionString, CountsTheHosts) {
  EXPECT_EQ(check_connection_string("", "A").hosts, 1);
  EXPECT_EQ(check_connection_string("postgresql://u:p%40ss%2Fword@h/db", "A").hosts, 1);
  EXPECT_EQ(check_connection_string("postgresql://u:p@h1:1,h2:2,h3/db?target_session_attrs=read-write", "A").hosts, 3);
  EXPECT_EQ(check_connection_string("host=h1,h2 password=p@s/s", "A").hosts, 2);
  EXPECT_EQ(check_connection_string("hostaddr=127.0.0.1,127.0.0.2", "A").hosts, 2);
}

TEST(ConnectionString, TakesSocketsAndUnusualNames) {
  EXPECT_EQ(check_connection_string("postgresql:///db?host=/run/postgresql&user=me@home", "A").hosts, 1);
  EXPECT_EQ(check_connection_string("postgresql://u@h/a%40b", "A").hosts, 1);
  EXPECT_EQ(check_connection_string("host=@abstract dbname=db", "A").hosts, 1);
}

TEST(ConnectionString, AServerElsewhereIsVerifiedUnlessItIsSaidOtherwise) {
  for (const char* dsn : {"postgresql://u@a.example/db", "host=10.0.0.7", "host=localhost,b.example",
                          "service=hr host=b", "host=localhost hostaddr=10.0.0.7",
                          "postgresql://127.example/db?sslrootcert=/ca.crt", "host=/run/postgresql,b"}) {
    EXPECT_TRUE(check_connection_string(dsn, "A").must_verify) << dsn;
  }
  for (const char* dsn :
       {"postgresql://u@a.example/db?sslmode=require", "host=b sslmode=disable", "host=localhost", "host=127.0.0.1,::1",
        "postgresql:///db", "host=/run/postgresql", "host=a.example hostaddr=127.0.0.1", "postgresql://[::1]/db"}) {
    EXPECT_FALSE(check_connection_string(dsn, "A").must_verify) << dsn;
  }
}

// What libpq takes for a host, a port or a database it quotes in its errors.
TEST(ConnectionString, APasswordThatWouldBeReadAsSomethingElseIsRefusedAndNotRepeated) {
  for (const char* dsn : {
           "postgresql://u:pa@secret@host/db",   // a host secret@host
           "postgresql://u:p/secret@host/db",    // a database secret@host/db
           "postgresql://u:secret/db",           // a port
           "postgresql://u:secret?x/y@host/db",  // a parameter
           "postgresql://u:p@host:secret/db",    //
           "postgres:/u:secret@host/db",         // no connection string at all
           "secret",                             //
           "host=h password=my secret",          //
           "host=h pasword=secret",              // an unknown keyword
           "postgresql://u:p@host/db?sekret=secret",
       }) {
    try {
      check_connection_string(dsn, "B");
      ADD_FAILURE() << dsn << " was taken";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), ErrorKind::usage) << dsn;
      EXPECT_THAT(failure.what(), Not(HasSubstr("secret"))) << dsn;
      EXPECT_THAT(failure.what(), HasSubstr("B: "));
    }
  }
}

}  // namespace
}  // namespace penstock::pg
