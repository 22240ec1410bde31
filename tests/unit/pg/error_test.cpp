#include "pg/error.hpp"

#include <gtest/gtest.h>

namespace penstock::pg {
namespace {

TEST(ClassifySqlstate, WhatWaitingMendsIsTransient) {
  for (const char* state : {"", "08006", "40001", "40P01", "53100", "53300", "55P03", "55006", "57P01", "57P03",
                            "57P05", "57014", "25006", "25P03", "58030", "72000", "XX000", "PN002"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::transient) << state;
  }
}

TEST(ClassifySqlstate, WhatSomebodyMustRepairIsSetUp) {
  for (const char* state : {"42P01", "42703", "42501", "42883", "428C9", "28P01", "28000", "3D000", "3F000", "0A000",
                            "26000", "2D000", "55000", "58P01", "HV000", "XX001", "XX002"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::setup) << state;
  }
}

TEST(ClassifySqlstate, ValuesAreData) {
  for (const char* state : {"22P02", "22003", "22021", "22P05", "54000", "54001", "PN001"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::data) << state;
  }
}

TEST(ClassifySqlstate, WhatConstraintsAndTriggersRefuseIsConstraint) {
  for (const char* state : {"23505", "23514", "23502", "23503", "23P01", "44000", "21000", "27000", "P0001", "P0002",
                            "20000", "45000", "MY001"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::constraint) << state;
  }
}

TEST(ClassifySqlstate, StatementsInTheWrongOrderAreOurBugAndRejectNothing) {
  for (const char* state : {"25P01", "25P02", "25001", "3B001", "34000", "PN009"}) {
    EXPECT_EQ(classify_sqlstate(state), ErrorKind::bug) << state;
  }
}

}  // namespace
}  // namespace penstock::pg
