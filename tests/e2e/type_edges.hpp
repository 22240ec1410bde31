#pragma once
#include <map>
#include <string>
#include <vector>

namespace penstock::test {

struct Column {
  std::string type;
  std::vector<std::string> values;  // input texts; "NULL" is SQL NULL
};
using Family = std::vector<Column>;

inline const char* const kUserTypes = R"(
create type mood as enum ('sad', 'ha"ppy', 'o,k', '');
create type pair as (a int, "b c" text);
create type deep as (list int[], doc jsonb, inner_pair pair);
create type listed as (n numeric, list text[]);
create type pair_range as range (subtype = numeric);
create domain positive as int check (value > 0);
create domain object as jsonb check (jsonb_typeof(value) = 'object') not null;
create domain document as json check (json_typeof(value) <> 'string');
create domain words as text[];
create domain a_pair as pair;
)";

// Every built-in type and types made of them, a table each family.
inline const std::map<std::string, Family>& families() {
  static const std::map<std::string, Family> all{
      {"integers",
       {{"int2", {"-32768", "32767", "0"}},
        {"int4", {"-2147483648", "2147483647"}},
        {"int8", {"-9223372036854775808", "9223372036854775807", "9007199254740993"}},
        {"oid", {"0", "4294967295"}},
        {"bool", {"t", "f"}},
        {"positive", {"1", "2147483647"}},
        {"money", {"-92233720368547758.08", "92233720368547758.07", "0.01"}},
        {"xid8", {"18446744073709551615", "0"}},
        {"pg_lsn", {"FFFFFFFF/FFFFFFFF", "0/0"}}}},
      {"fractions",
       {{"numeric",
         {std::string(100, '9') + "." + std::string(100, '7'), "NaN", "Infinity", "-Infinity", "0.000", "1e-1000",
          "-1e1000", "1.00"}},
        {"numeric(10,3)", {"1.5", "-9999999.999", "NaN"}},
        {"float4", {"3.4028235e38", "1e-45", "-0", "NaN", "-Infinity", "0.1", "16777217"}},
        {"float8",
         {"1.7976931348623157e308", "5e-324", "-0", "NaN", "Infinity", "0.1", "0.30000000000000004",
          "9007199254740993"}}}},
      {"times",
       {{"date", {"4713-01-01 BC", "5874897-12-31", "infinity", "-infinity", "0001-01-01"}},
        {"timestamp", {"4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity"}},
        {"timestamptz",
         {"4713-01-02 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "infinity", "-infinity",
          "1883-11-18 12:03:57.000001-05"}},
        {"timestamp(0)", {"0044-03-15 12:00:00 BC", "12024-01-01 00:00:00"}},
        {"time", {"00:00:00", "24:00:00", "23:59:59.999999"}},
        {"timetz", {"24:00:00-15:59:59", "00:00:00.000001+15:59"}},
        {"interval",
         {"-178000000 years", "1 mon -1 day 00:00:01.000001", "-1 mon 1 day -00:00:01", "2562047788:00:54.775807",
          "1 year 2 mons 3 days 04:05:06.7", "0"}},
        {"interval day to second(3)", {"1 04:05:06.789"}}}},
      {"bytes",
       {{"bytea", {"\\x00ff22270a5c", "", "\\x" + std::string(5000, 'f')}},
        {"bit(5)", {"10101", "00000"}},
        {"varbit", {"", "1", std::string(130, '1')}},
        {"bit varying(70)", {"1011"}},
        {"uuid", {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
        {"inet", {"1.2.3.4/8", "::1", "0.0.0.0/0"}},
        {"cidr", {"::/0", "10.0.0.0/8"}},
        {"macaddr", {"08:00:2b:01:02:03"}},
        {"macaddr8", {"08:00:2b:01:02:03:04:05"}},
        {"\"char\"", {"a", "", "\\177", "\\200", "\\377", "\""}}}},
      {"texts",
       {{"text", {"", " ", "NULL", "null", "a'b\"c\\d", "{}", "\\u0000", "\n\r\t\b\f\x01\x7f"}},
        {"varchar(10)", {"  x  ", ""}},
        {"char(5)", {"a", "", "a b"}},
        {"bpchar", {"a  "}},
        {"name", {"  n\"m  ", ""}},
        {"citext", {"AbC", "abc"}},
        {"hstore", {"a=>1, b=>NULL", "", R"("x y"=>"\"q\"")"}},
        {"xml", {"<a> b </a>", "  x <!-- c --> <b/>", ""}},
        {"tsvector", {"'a':1A,3B 'b q'", "", "'it''s'"}},
        {"tsquery", {"'a' & !'b':*AB", "'a' <2> 'b'"}},
        {"mood", {"sad", "ha\"ppy", "o,k", ""}}}},
      {"documents",
       {{"json",
         {"null", " {\"a\":1, \"a\" : 2 } ", "\n[1 ,2]\t", "\"\\u00e9\"", "\"a\\/b\"", R"({"a":"\u0000"})",
          R"("\ud800")", "1.00", "true", R"({"\u0000": [null, "x"]})", "[]", "\"\""}},
        {"jsonb", {"null", "\"x\"", "{\"a\": 1.00, \"b\": null}", "1e400", "[]", "\"{}\"", "false"}},
        {"object", {"{}", "{\"a\": null}", "{\"\": \"null\"}"}},
        {"document", {"null", " 1 ", "[ ]"}},
        {"jsonpath", {"$.\"a\"[*] ? (@ > 1)", "strict $"}}}},
      {"shapes",
       {{"point", {"(1e-300,NaN)", "(-0,Infinity)"}},
        {"line", {"{1,2,3}"}},
        {"lseg", {"[(1,2),(3,4)]"}},
        {"box", {"(3,4),(1,2)"}},
        {"path", {"[(1,2),(3,4)]", "((1,2),(3,4))"}},
        {"polygon", {"((1,2),(3,4),(5,6))"}},
        {"circle", {"<(1,2),3>", "<(0.1,-0),1e300>"}}}},
      {"ranges",
       {{"int4range", {"empty", "[1,)", "(,)", "[-2147483648,5)"}},
        {"int8range", {"[9007199254740993,)"}},
        {"numrange", {"(1.50,2.0]", "[NaN,NaN]"}},
        {"daterange", {"[infinity,]", "(,-infinity)"}},
        {"tsrange", {"[\"4713-01-01 00:00:00 BC\",infinity)"}},
        {"tstzrange", {"[,)", "[\"2020-01-01 00:00:00+00\",\"2020-01-01 00:00:00.000001+00\")"}},
        {"pair_range", {"[1,2)"}},
        {"int4multirange", {"{}", "{[1,3),[5,8)}"}},
        {"nummultirange", {"{(,1.5],[2.50,)}"}},
        {"tstzmultirange", {"{[\"2020-01-01 00:00:00+00\",infinity)}"}}}},
      {"arrays",
       {{"int4[]",
         {"{}", "[2:3]={1,2}", "{{1,NULL},{3,4}}", "[0:0][1:1]={{5}}", "{NULL}", "[1:1][1:2][3:3]={{{1},{2}}}"}},
        {"text[]", {R"({NULL,"NULL","null","","a\"b\\c",","})", R"({"{}","a,b"})", "[-1:0]={a,b}"}},
        {"numeric[]", {"{NaN,Infinity,1.00}"}},
        {"float8[]", {"{-0,NaN,5e-324}"}},
        {"bool[]", {"{t,f,NULL}"}},
        {"timestamptz[]", {"{infinity,\"0044-03-15 00:00:00+00 BC\"}"}},
        {"bytea[]", {R"({"\\x00","\\x"})"}},
        {"money[]", {"{1.50,NULL}"}},
        {"box[]", {"{(3,4),(1,2);(1,1),(0,0)}"}},
        {"char(3)[]", {"{a,NULL}"}},
        {"interval[]", {"{1 day,-00:00:01}"}},
        {"numrange[]", {"{\"[1.0,2)\",empty}"}},
        {"json[]", {"{null,\"null\",\" 1 \",\"\\\"\\\\u0000\\\"\"}"}},
        {"jsonb[]", {"{null,\"null\",1}", "[3:3]={null}"}},
        {"hstore[]", {R"({"a=>1",NULL})"}},
        {"mood[]", {"{sad,\"\",\"ha\\\"ppy\"}"}},
        {"citext[]", {"{A,a}"}},
        {"words", {"{a}", "[5:5]={b}"}},
        {"words[]", {}},
        {"int2vector", {"1 2", ""}},
        {"oidvector", {"1 2 3", ""}}}},
      {"composites",
       {{"pair", {"(1,\"x \"\"y\"\" (z)\")", "(,)", "(,\"\")", "(1,\\\\)"}},
        {"a_pair", {"(1,a)", "(,)"}},
        {"pair[]", {R"*({"(1,a)",NULL,"(,)"})*", "[2:2]={\"(1,a)\"}", "{}"}},
        {"deep", {R"*(("[2:3]={1,2}","null","(1,a)"))*", "(,,)", R"*(({},"{""a"": null}","(,)"))*"}},
        {"deep[]", {}},
        {"listed", {"(1.00,\"[3:3]={a}\")", "(NaN,{})", "(,\"{NULL,\"\"\"\"}\")"}},
        {"listed[]", {R"*({"(1.0,{a})"})*"}}}},
      {"others",
       {{"tid", {"(4294967295,65535)"}},
        {"xid", {"4294967295"}},
        {"cid", {"5"}},
        {"pg_snapshot", {"10:20:10,14"}},
        {"txid_snapshot", {"10:20:10,14"}},
        {"refcursor", {"a cursor"}},
        {"regtype", {"integer", "mood"}},
        {"regclass", {"pg_class"}},
        {"regproc", {"now"}},
        {"regprocedure", {"abs(integer)"}},
        {"regnamespace", {"public"}},
        {"regconfig", {"english"}},
        {"regcollation", {"\"C\""}}}},
  };
  return all;
}

}  // namespace penstock::test
