#include <gtest/gtest.h>

#include "pg/error.hpp"

namespace penstock::pg {
namespace {

TEST(ClassifySqlstate, WhatWaitingMendsIsTransient) {
  for (const char* state : {"", "08006", "40001", "40P01", "53100", "53300", "55P03", "57P01", "57P03", "57014",
                            "25006", "25P03", "58030", "XX000"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::transient) << state;
  }
}

TEST(ClassifySqlstate, WhatSomebodyMustRepairIsSetUp) {
  for (const char* state : {"42P01", "42703", "42501", "28P01", "3D000", "3F000", "0A000"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::setup) << state;
  }
}

TEST(ClassifySqlstate, OnlyRowsAreRejected) {
  EXPECT_EQ(classify_sqlstate("22P02"), ErrorKind::data);
  EXPECT_EQ(classify_sqlstate("22003"), ErrorKind::data);
  EXPECT_EQ(classify_sqlstate("PN001"), ErrorKind::data);
  EXPECT_EQ(classify_sqlstate("23505"), ErrorKind::constraint);
  EXPECT_EQ(classify_sqlstate("23514"), ErrorKind::constraint);
  EXPECT_EQ(classify_sqlstate("P0001"), ErrorKind::constraint);
}

}  // namespace
}  // namespace penstock::pg
