#pragma once
#include <string>

#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {

// Two tables t on A and B, written while a replicator runs; equal at the end, and no writer failed (SqlError would
// throw).
class Traps : public testing::Test {
 protected:
  void create(const std::string& columns, const std::string& options = "") {
    line_.on_both("create table t (" + columns + ")");
    line_.configure("[[table]]\nsource = \"public.t\"\n" + options);
  }
  void begin() { line_.migrate_and_copy(); }
  void write(const std::string& sql) { line_.a().run(sql); }
  void expect_equal(const std::string& key = "id") { line_.expect_equal("t", "t", key); }
  std::string on_b(const std::string& sql) { return line_.b().value(sql); }

  Line line_;
};

}  // namespace penstock::test
