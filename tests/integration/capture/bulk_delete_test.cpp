// A DELETE of many rows: its keys in pieces, each key once, however the capture puts them together.
#include <gmock/gmock.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class BulkDelete : public testing::Test {
 protected:
  void create(const std::string& columns, const std::string& key) {
    line_.on_both("create table t (" + columns + ", primary key (" + key + "))");
    line_.configure("[[table]]\nsource = \"public.t\"\n");
    line_.migrate();
  }
  void run(const std::string& sql) { line_.a().run(sql); }
  std::string on_a(const std::string& query) { return line_.admin_a().value(query); }
  // The capture of deletes; one that slices an array of numbers says so.
  std::string source() {
    return on_a("select prosrc from pg_proc where proname = 'emp_' || 't'::regclass::oid || '_delete'");
  }
  static auto slices_numbers() { return HasSubstr("array_to_string"); }

  // The sizes of the pieces in their order.
  std::string pieces() {
    return on_a("select string_agg(n::text, ' ' order by cdc_id) from penstock.emp_cdc where action = 'delete'");
  }
  // How many keys are in the pieces and not in `gone`, or the other way round.
  std::string keys_that_differ(const std::string& gone) {
    return on_a(
        "select count(*) from (select key::jsonb from penstock.emp_cdc, "
        "unnest(string_to_array(old_rows, chr(30))) as key where action = 'delete') as d full join (" +
        gone + ") as g (key) using (key) where d.key is null or g.key is null");
  }

  Line line_;
};

TEST_F(BulkDelete, WritesKeysOfOneWholeNumberInPiecesInTheirOrder) {
  create("\"the Id's %s {leaf}\" bigint, v int", "\"the Id's %s {leaf}\"");
  ASSERT_THAT(source(), slices_numbers());
  run("insert into t select i * 10000000000, i from generate_series(-300, 300) as i");
  run("delete from t where v between -300 and 212");
  EXPECT_EQ(pieces(), "256 256 1");
  EXPECT_EQ(keys_that_differ(
                "select jsonb_build_object('the Id''s %s {leaf}', i * 10000000000) from generate_series(-300, 212) i"),
            "0");
  EXPECT_EQ(on_a("select old_rows from penstock.emp_cdc where action = 'delete' and n = 1"),
            R"({"the Id's %s {leaf}":2120000000000})");
  run("delete from t where v between 213 and 214");
  EXPECT_EQ(pieces(), "256 256 1 2");
  EXPECT_EQ(on_a("select replace(old_rows, chr(30), ' ') from penstock.emp_cdc where action = 'delete' and n = 2"),
            R"({"the Id's %s {leaf}":2130000000000} {"the Id's %s {leaf}":2140000000000})");
}

TEST_F(BulkDelete, FillsItsLastPiece) {
  create("id smallint", "id");
  ASSERT_THAT(source(), slices_numbers());
  run("insert into t select generate_series(-256, 255)");
  run("delete from t");
  EXPECT_EQ(pieces(), "256 256");
  EXPECT_EQ(keys_that_differ("select jsonb_build_object('id', i) from generate_series(-256, 255) i"), "0");
}

TEST_F(BulkDelete, WritesKeysOfSeveralColumnsAndTypesAlike) {
  create("a int, b text", "a, b");
  ASSERT_THAT(source(), Not(slices_numbers()));
  run("insert into t select i, 'x' || i from generate_series(1, 300) as i");
  run("delete from t");
  EXPECT_EQ(pieces(), "256 44");
  EXPECT_EQ(keys_that_differ("select jsonb_build_object('a', i, 'b', 'x' || i) from generate_series(1, 300) i"), "0");
}

// An array of so many keys at most is made; beyond, they are sorted into pieces.
TEST_F(BulkDelete, IsNotBoundedByTheArrayOfItsKeys) {
  create("id int", "id");
  ASSERT_THAT(source(), slices_numbers());
  for (const std::string& most : std::vector<std::string>{"1048575", "1048576", "1048577"}) {
    run("truncate t");
    run("insert into t select generate_series(1, " + most + ")");
    run("delete from t");
    const std::string last =
        "cdc_id > (select max(cdc_id) from penstock.emp_cdc where action = 'truncate') and action = 'delete'";
    EXPECT_EQ(on_a("select sum(n) || ' ' || max(n) from penstock.emp_cdc where " + last), most + " 256");
    EXPECT_EQ(on_a("select count(*) || ' ' || sum((key::json ->> 'id')::bigint) - " + most + "::bigint * (" + most +
                   " + 1) / 2 from (select distinct unnest(string_to_array(old_rows, chr(30))) as key from "
                   "penstock.emp_cdc where " +
                   last + ") as k"),
              most + " 0");
  }
}

}  // namespace
}  // namespace penstock::test
