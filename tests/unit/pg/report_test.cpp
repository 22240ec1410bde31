#include "pg/report.hpp"

#include <gtest/gtest.h>

namespace penstock::pg {
namespace {

TEST(MessageIsHarmless, WhereItSpeaksOfObjectsAndStates) {
  for (const char* state : {"42P01", "42501", "40P01", "53100", "55P03", "57014", "25006", "26000"}) {
    EXPECT_TRUE(message_is_harmless(state, "parserOpenTable", "")) << state;
  }
}

TEST(MessageIsHarmless, NotWhereItQuotesWhatStandsInTheRow) {
  for (const char* state : {"22P02", "22003", "23505", "23514", "44000", "P0001", "21000", "XX000", "MY001", ""}) {
    EXPECT_FALSE(message_is_harmless(state, "pg_strtoint32", "")) << state;
  }
}

TEST(MessageIsHarmless, NotWhenAUsersTriggerRaisesItUnderAHarmlessState) {
  const char* context = "PL/pgSQL function public.guard() line 3 at RAISE\nSQL statement \"insert into penstock.x\"";
  EXPECT_FALSE(message_is_harmless("42501", "exec_stmt_raise", context));
}

TEST(MessageIsHarmless, WhenOurOwnFunctionRaisesIt) {
  EXPECT_TRUE(
      message_is_harmless("42P16", "exec_stmt_raise", "PL/pgSQL function penstock.install(text) line 9 at RAISE"));
  EXPECT_TRUE(message_is_harmless("PN001", "exec_stmt_raise", "PL/pgSQL function reject() line 1 at RAISE"));
}

TEST(MessageIsHarmless, NotASyntaxErrorInSqlThatAFunctionGluedTogether) {
  EXPECT_FALSE(message_is_harmless("42601", "scanner_yyerror", "PL/pgSQL function public.guard() line 3 at EXECUTE"));
  EXPECT_TRUE(message_is_harmless("42601", "scanner_yyerror", ""));
}

TEST(SqlstateIn, FindsTheStateInAVerboseReport) {
  EXPECT_EQ(
      sqlstate_in("connection to server at \"::1\", port 5432 failed: FATAL:  28P01: password authentication failed"),
      "28P01");
}

TEST(SqlstateIn, FindsNothingWhereNoServerSpoke) {
  EXPECT_EQ(sqlstate_in("connection to server at \"::1\", port 5432 failed: Connection refused"), "");
  EXPECT_EQ(sqlstate_in("FATAL:  terminating connection"), "");
  EXPECT_EQ(sqlstate_in("FATAL:  "), "");
  EXPECT_EQ(sqlstate_in(""), "");
}

}  // namespace
}  // namespace penstock::pg
