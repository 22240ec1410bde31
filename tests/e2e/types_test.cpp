// Every built-in type at its edges, through the whole line, as initial copy, insert, update and delete.
#include <gtest/gtest.h>

#include "e2e/type_edges.hpp"
#include "support/compare.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

const char* const kOneStyle =
    "set DateStyle = 'ISO'; set IntervalStyle = 'postgres'; set TimeZone = 'UTC'; set bytea_output = 'hex'; "
    "set extra_float_digits = 3; set quote_all_identifiers = off; set standard_conforming_strings = on";

std::string literal(const std::string& value) {
  if (value == "NULL") return "NULL";
  std::string out = "'";
  for (const char c : value) out.append(c == '\'' ? "''" : std::string(1, c));
  return out + "'";
}

std::size_t longest(const Family& family) {
  std::size_t rows = 0;
  for (const auto& column : family) rows = std::max(rows, column.values.size());
  return rows;
}

// Row i holds the i-th value of each column, and NULL where a column has fewer.
std::string row_of(const Family& family, std::size_t i, int id) {
  std::string row = "(" + std::to_string(id);
  for (const auto& column : family) {
    // The domain over jsonb refuses NULL.
    const std::size_t at = column.type == "object" ? i % column.values.size() : i;
    row += ", " + (at < column.values.size() ? literal(column.values[at]) + "::" + column.type : std::string("NULL"));
  }
  return row + ")";
}

std::string insert_all(const std::string& table, const Family& family, int first_id) {
  std::string sql = "insert into " + table + " values ";
  for (std::size_t i = 0; i <= longest(family); ++i)
    sql += (i > 0 ? ", " : "") + row_of(family, i, first_id + static_cast<int>(i));
  return sql + ";";
}

std::string table_of(const std::string& name) { return "[[table]]\nsource = \"public." + name + "\"\n"; }

class Types : public testing::Test {
 protected:
  void create_types() {
    for (const bool on_a : {true, false})
      (on_a ? line_.admin_a() : line_.admin_b()).run("create extension hstore; create extension citext");
    line_.on_both(kUserTypes);
  }
  void write(const std::string& sql) { line_.a().run(sql); }
  // Settings of B's database that would read values in another way.
  void make_b_strange() {
    Database b = line_.admin_b();
    const std::string name = b.value("select current_database()");
    for (const char* setting :
         {"DateStyle = 'German, DMY'", "TimeZone = 'Asia/Tokyo'", "IntervalStyle = 'sql_standard'",
          "bytea_output = 'escape'", "extra_float_digits = -3", "xmloption = 'document'", "array_nulls = off",
          "standard_conforming_strings = off", "quote_all_identifiers = on", "lc_monetary = 'C.UTF-8'"})
      b.run("alter database " + name + " set " + setting);
  }

  // As text, under the same settings on both sides.
  void expect_equal_rows(const std::string& table, const std::string& key = "id") {
    Database a = line_.a(), b = line_.b();
    for (Database* side : {&a, &b}) side->run(kOneStyle);
    const TableRows on_a = read_table(a, table, key);
    EXPECT_FALSE(on_a.by_key.empty()) << table;
    for (const auto& difference : differences(on_a, read_table(b, table, key)))
      ADD_FAILURE() << table << ", " << difference;
  }
  void expect_proof() {
    for (const char* command : {"verify", "status"}) {
      const Finished done = line_.run({command});
      EXPECT_EQ(done.code, 0) << command << ": " << done.out << done.err;
    }
  }

  Line line_;
};

TEST_F(Types, EveryBuiltInTypeAtItsEdges) {
  create_types();
  make_b_strange();
  std::string tables;
  for (const auto& [name, family] : families()) {
    std::string ddl = "create table " + name + " (id int primary key";
    for (std::size_t i = 0; i < family.size(); ++i) ddl += ", c" + std::to_string(i) + " " + family[i].type;
    line_.on_both(ddl + ")");
    tables += table_of(name);
    write(insert_all(name, family, 0));
  }
  line_.configure(tables);
  line_.migrate_and_copy();
  for (const auto& [name, family] : families()) expect_equal_rows(name);

  for (const auto& [name, family] : families()) {
    write(insert_all(name, family, 1000));  // one statement, many rows
    std::string single, columns, values;
    for (std::size_t i = 0; i <= longest(family); ++i)
      single += "insert into " + name + " values " + row_of(family, i, 2000 + static_cast<int>(i)) + ";";
    write(single);  // one transaction: from the second statement on the rows are read again
    write("insert into " + name + " values " + row_of(family, 0, 3000));
    for (std::size_t i = 0; i < family.size(); ++i) {
      const std::string column = "c" + std::to_string(i);
      columns += (i > 0 ? ", " : "") + column;
      values += (i > 0 ? ", " : "") + ("o." + column);
    }
    // Each row takes its neighbour's values.
    write("update " + name + " as t set (" + columns + ") = (select " + values + " from " + name +
          " as o where o.id = t.id - 1) where id > 1000 and id < 2000");
    write("delete from " + name + " where id % 2 = 0 and id > 2000; delete from " + name + " where id = 1000");
  }
  line_.once();
  for (const auto& [name, family] : families()) expect_equal_rows(name);
  expect_proof();
}

TEST_F(Types, TextOfEveryCodePoint) {
  line_.on_both("create table t (id int primary key, v text, d json)");
  line_.configure(table_of("t"));
  line_.migrate_and_copy();
  // All that PostgreSQL stores: no zero, no surrogates.
  write(
      "insert into t select piece, string_agg(chr(c), '' order by c), to_json(string_agg(chr(c), '' order by "
      "c)) from "
      "(select c, c / 16384 as piece from generate_series(1, 1114111) as c where c not between 55296 and "
      "57343) as s "
      "group by piece");
  line_.once();
  EXPECT_EQ(line_.b().number("select sum(length(v)) from t"), 1114111 - 2048);
  expect_equal_rows("t");
  expect_proof();
}

TEST_F(Types, KeysOfEveryTypeThatCanBeOne) {
  create_types();
  const std::map<std::string, std::array<std::string, 3>> keys{
      {"numeric", {"1.0", "NaN", "-1e40"}},
      {"float8", {"-0", "NaN", "0.1"}},
      {"text", {"a'\"\\", "", "\n"}},
      {"citext", {"AbC", "", "d"}},
      {"char(4)", {"a", "", "b c"}},
      {"name", {"a", "B", "c d"}},
      {"\"char\"", {"a", "\\377", ""}},
      {"bool", {"t", "f", "t"}},
      {"date", {"infinity", "4713-01-01 BC", "2020-02-02"}},
      {"timestamptz", {"infinity", "0044-03-15 12:00:00+00 BC", "2020-02-02 00:00:00.000001+00"}},
      {"timetz", {"24:00:00-15:59:59", "00:00:00+00", "12:00:00+01"}},
      {"interval", {"1 mon", "-1 day", "00:00:01"}},
      {"bytea", {"\\x00", "\\x", "\\xff5c"}},
      {"bit varying", {"", "1", "0"}},
      {"uuid",
       {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "10000000-0000-0000-0000-000000000000"}},
      {"inet", {"1.2.3.4/8", "::1", "1.2.3.4"}},
      {"macaddr8", {"08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00", "ff:00:00:00:00:00:00:00"}},
      {"money", {"1.00", "-1.00", "0.01"}},
      {"int4[]", {"{1,2}", "[2:3]={1,2}", "{}"}},
      {"text[]", {"{a,NULL}", "{}", "{{a},{b}}"}},
      {"int4range", {"empty", "[1,)", "[1,2)"}},
      {"int4multirange", {"{}", "{[1,2)}", "{[1,2),[5,)}"}},
      {"mood", {"sad", "", "ha\"ppy"}},
      {"positive", {"1", "2", "3"}},
      {"pair", {"(1,a)", "(,)", "(1,)"}},
      {"listed", {"(1.0,{a})", "(1.0,\"[2:2]={a}\")", "(,)"}},
      {"jsonb", {"null", "{\"a\": null}", "\"null\""}},
      {"object", {"{}", "{\"a\": 1}", "{\"a\": [null]}"}},
      {"hstore", {"a=>1", "", "a=>NULL"}},
      {"tsvector", {"'a'", "", "'a':1"}},
      {"pg_lsn", {"0/1", "0/0", "1/0"}},
  };
  std::string tables;
  int number = 0;
  for (const auto& [type, values] : keys) {
    const std::string table = "k" + std::to_string(number++);
    line_.on_both("create table " + table + " (k " + type + " primary key, v int, n int)");
    tables += table_of(table);
    write("insert into " + table + " values (" + literal(values[0]) + ", 0, 1)");
  }
  // Columns that no comparison of rows serves: the operators are of two extensions and of the server.
  line_.on_both("create table mixed (a int, b citext, c hstore, v int, primary key (b, a, c))");
  write("insert into mixed select i, chr(65 + i % 40), 'k=>1', 0 from generate_series(1, 2500) as i");
  tables += table_of("mixed");
  line_.configure(tables);
  line_.migrate_and_copy();
  expect_equal_rows("mixed", "(a, b, c)");
  number = 0;
  for (const auto& [type, values] : keys) {
    SCOPED_TRACE(type);
    const std::string table = "k" + std::to_string(number++);
    const bool two_values = type == "bool";
    write("insert into " + table + " values (" + literal(values[1]) + ", 0, 2)" +
          (two_values ? "" : ", (" + literal(values[2]) + ", 0, 3)"));
    write("update " + table + " set v = 1");
    write("update " + table + " set v = 2 where n = 1");
    write("begin; update " + table + " set v = 3 where n = 2; update " + table + " set v = v + 10; commit");
    // The key of one row moves to the place of another that is gone.
    write("delete from " + table + " where n = 2");
    write("update " + table + " set k = " + literal(values[1]) + " where n = 1");
    if (!two_values) write("begin; delete from " + table + " where n = 3; update " + table + " set v = 5; commit");
  }
  // Equal keys of different text.
  write("update k" + std::to_string(std::distance(keys.begin(), keys.find("citext"))) +
        " set k = upper(k::text)::citext");
  line_.once();
  for (int i = 0; i < number; ++i) expect_equal_rows("k" + std::to_string(i), "k");
  expect_proof();
}

TEST_F(Types, AWritersSettingsChangeNoByte) {
  create_types();
  line_.on_both(
      "create table t (id int primary key, v text, d date, s timestamptz, i interval, b bytea, f float8, r float4, m "
      "money, n numeric, x xml, g tstzrange, a interval[], c pair, l bytea[], j jsonb, h hstore, o \"char\")");
  line_.configure(table_of("t"));
  line_.migrate_and_copy();
  const std::vector<std::string> settings{"application_name = 'none'",
                                          "DateStyle = 'SQL, DMY'",
                                          "DateStyle = 'Postgres, MDY'",
                                          "IntervalStyle = 'iso_8601'",
                                          "IntervalStyle = 'sql_standard'",
                                          "bytea_output = 'escape'",
                                          "TimeZone = 'Asia/Kolkata'",
                                          "extra_float_digits = -15",
                                          "extra_float_digits = 3",
                                          "lc_monetary = 'C.UTF-8'",
                                          "standard_conforming_strings = off",
                                          "client_encoding = 'latin1'",
                                          "quote_all_identifiers = on",
                                          "xmloption = 'document'",
                                          "array_nulls = off",
                                          "search_path = public, pg_catalog"};
  const std::string values =
      "'\xc3\xa4' || chr(39) || chr(92) || chr(228), make_date(2024, 2, 3), make_timestamptz(2024, 2, 3, 4, 5, 6.789, "
      "'UTC'), "
      "make_interval(-1, 2, 0, 3, 4, 5, -6.7), decode('00ff5c27', 'hex'), 0.1::float8 + 0.2, 1 / 3.0::float4, "
      "1.5::numeric::money, "
      "1.50, '<a/>'::xml, tstzrange(make_timestamptz(2024, 2, 3, 4, 5, 6.789, 'UTC'), null), "
      "array[make_interval(1, 2, 0, -3), null], row(1, 'a' || chr(92))::pair, array[decode('5c', 'hex')], "
      "'{\"a\": [null, 1.0]}', hstore('a', chr(92)), chr(92)::\"char\"";
  for (std::size_t i = 0; i < settings.size(); ++i) {
    Database writer = line_.a();
    writer.run("set " + settings[i]);
    std::string row = std::to_string(i) + ", " + values;
    if (settings[i].starts_with("client_encoding")) row.replace(row.find("\xc3\xa4"), 2, "\xe4");
    writer.run("insert into t values (" + row + ")");
    writer.run("begin; update t set n = n where id = " + std::to_string(i) +
               "; update t set n = n where id = " + std::to_string(i) + "; commit");
  }
  Database journal = line_.admin_a();
  EXPECT_EQ(journal.number("select count(*) from penstock.emp_changes"), 3 * std::ssize(settings));
  EXPECT_EQ(journal.number(
                "select count(distinct regexp_replace(new_row::text, '\"id\":[0-9]+', '')) from penstock.emp_changes"),
            1);
  line_.once();
  expect_equal_rows("t");
  expect_proof();
}

TEST_F(Types, AColumnOfSuchATypeAddedOrMadeLater) {
  line_.on_both(
      "create table plain (id int primary key, v text); create table documents (id int primary key, d jsonb, gone int);"
      "create table parts (id int primary key, v text) partition by hash (id);"
      "create table part partition of parts for values with (modulus 1, remainder 0);"
      "create table arrays (k int[] primary key, v text)");
  line_.configure(table_of("plain") + table_of("documents") + table_of("parts") + table_of("arrays"));
  write("insert into documents values (0, 'null', 1)");
  line_.migrate_and_copy();
  // The capture knows nothing of what follows.
  line_.on_both(
      "alter table plain add d json, add a int[]; alter table documents drop gone; alter table documents rename d to e;"
      "alter table documents add v text default 'x'; alter table parts alter v type jsonb using v::jsonb");
  const std::string plain = " insert into plain values (1, 'a', ' null ', '[2:3]={1,2}')";
  write(plain + ", (2, null, null, null), (3, 'b', '\"\\u0000\"', '{}')");
  write("begin; insert into plain values (4, 'a', 'null', null); update plain set d = '[ ]' where id = 1; commit");
  write("insert into documents values (1, 'null', 'y'), (2, null, default); update documents set v = 'z'");
  write(
      "insert into parts values (1, 'null'), (2, null); update parts set id = id + 10; delete from parts where id = "
      "12");
  write("insert into part values (20, 'null')");
  // A key object carries the name that the key had when the capture was installed.
  write("insert into arrays values ('[2:3]={1,2}', 'a'), ('{1,2}', 'b'), ('[5:5]={1}', 'c')");
  write("alter table arrays rename k to key; delete from arrays where key in ('[2:3]={1,2}', '[5:5]={1}')");
  write("alter table arrays rename key to k");
  line_.once();  // what was written as text is text
  write("alter table plain alter v type jsonb using to_jsonb(v)");
  line_.b().run("alter table plain alter v type jsonb using to_jsonb(v)");
  write("insert into plain values (5, 'null', null, null)");
  line_.once();
  for (const char* table : {"plain", "documents", "parts"}) expect_equal_rows(table);
  expect_equal_rows("arrays", "k");
  EXPECT_EQ(line_.run({"status"}).code, 0);
}

TEST_F(Types, RulesAndRejectsSeeJsonAsTheColumnsType) {
  create_types();
  write("create table t (id int primary key, d jsonb, n json)");
  line_.b().run("create table t (id int primary key, d object, n json)");
  line_.configure(table_of("t") + "[[rule]]\ntable = \"public.t\"\nname = \"has_a\"\ncheck = \"d ? 'a'\"\n");
  write("insert into t values (1, '{\"a\": null}', 'null')");
  line_.migrate_and_copy();
  write("insert into t values (2, '{\"a\": 1}', ' 1 '), (3, '{}', null), (4, '[]', null), (5, '{\"a\": 2}', null)");
  write("begin; delete from t where id = 5; insert into t values (6, '{\"a\": \"null\"}', '\"null\"'); commit");
  line_.expect_equal("t", "t", "id");
  EXPECT_EQ(line_.book("rejected", "public.t"), 2);
}

TEST_F(Types, ARejectIsClosedByALaterChangeWhoseKeyIsEqualInOtherWords) {
  create_types();
  line_.on_both("create table t (a citext, b jsonb, c interval, v int, primary key (a, b, c))");
  line_.configure(table_of("t") + "[[rule]]\ntable = \"public.t\"\nname = \"small\"\ncheck = \"v < 10\"\n");
  line_.migrate_and_copy();
  write(
      "insert into t values ('a', '{\"x\": 1.0}', '1 day', 11), ('b', '[1.0]', '1 day', 12), ('c', '1', '1 day', 13)");
  line_.once();
  EXPECT_EQ(line_.admin_b().value("select count(*) from penstock.dead_letter where state = 'open'"), "3");
  write("update t set a = 'A', b = '{\"x\": 1.00}', c = '24:00:00', v = 1 where v = 11");
  write("update t set b = '[1.00]' where v = 12; delete from t where v = 12");
  line_.once();
  EXPECT_EQ(line_.admin_b().value("select string_agg(key, ' ') from penstock.dead_letter where state = 'open'"),
            R"({"a":"c","b":"1","c":"1 day"})");
  EXPECT_EQ(line_.b().value("select row(t.*)::text from t"), R"re((A,"{""x"": 1.00}",24:00:00,1))re");
}

TEST_F(Types, VerifySeesWhatPlainJsonDoesNotShow) {
  create_types();
  line_.on_both(
      "create table t (k int[] primary key, j jsonb, d json, a int[], f float8, n numeric, p pair, h hstore)");
  line_.configure(table_of("t"));
  write(
      "insert into t select array_fill(i, array[1], array[i]), 'null', ' 1', '[2:3]={1,2}', '-0', 1.0, '(,)', "
      "'a=>NULL' "
      "from generate_series(1, 7) as i");
  line_.migrate_and_copy();
  expect_proof();
  line_.b().run(
      "update t set j = null where k[1] = 1; update t set d = '1' where k[2] = 2; update t set a = '{1,2}' where k[3] "
      "= "
      "3; update t set f = 0 where k[4] = 4; update t set n = 1.00 where k[5] = 5; update t set p = null where k[6] = "
      "6;"
      "update t set h = '' where k[7] = 7");
  const Finished done = line_.run({"verify"});
  EXPECT_EQ(done.code, 1) << done.out << done.err;
  for (const char* key : {"{\"k\":[1]}", "[2:2]={2}", "[3:3]={3}", "[4:4]={4}", "[5:5]={5}", "[6:6]={6}", "[7:7]={7}"})
    EXPECT_NE(done.out.find(key), std::string::npos) << key << " in " << done.out;
}

}  // namespace
}  // namespace penstock::test
