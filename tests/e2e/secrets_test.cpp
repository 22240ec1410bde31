// No password and no row value in anything that the program writes, logs or shows to others. Dead letters carry rows,
// and `verify` and `dlq` print keys: that is what they are for.
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "S3CR3T4711";
constexpr const char* kRow = "R0WVALUE4711";

class Secrets : public testing::Test {
 protected:
  void replace(const std::string& from, const std::string& to) {
    std::string text = read_file(line_.toml());
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(line_.toml()) << text.replace(at, from.size(), to);
  }
  Line line_;
};

// Every way in which the configuration can be wrong near a secret.
TEST_F(Secrets, InTheConfigurationStayThereWhateverIsWrongWithIt) {
  line_.on_both("create table one (id int primary key, v int)");
  const std::string table = "[[table]]\nsource = \"public.one\"\n";
  const std::string s = kSecret;
  const std::string heads[] = {"dsn = postgresql://u:" + s + "@127.0.0.1/db",
                               "dsn = \"postgresql://u:" + s + "@127.0.0.1/db",
                               "dsn = 'postgresql://u:" + s + "@127.0.0.1/db\" #",
                               "dsn = \"postgresql://u:x\\" + s + "@127.0.0.1/db\"",
                               "dsn = \"postgresql://u:@" + s + "@127.0.0.1/db\"",
                               "dsn = \"postgresql://u:%" + s + "@127.0.0.1/db\"",
                               "dsn = \"postgresql://u:/" + s + "@127.0.0.1/db\"",
                               "dsn = \"host=127.0.0.1 pass word=" + s + "\"",
                               "dsn = \"host=127.0.0.1 port=1 password=" + s + "\"",
                               "dsn = \"host=127.0.0.1 port=1 passwort=" + s + "\"",
                               "dsn = \"postgresql://u:" + s + "@127.0.0.1:1/db?nothing=known\"",
                               "dsn = \"postgresql://u:" + s + "@127.0.0.1:1/db?sslmode=wrong\"",
                               "dsn = [\"" + s + "\"]",
                               "dsn = \"a\"\ndsn = \"" + s + "\"",
                               "dsn = \"a\"\npassword = \"" + s + "\"",
                               "dsn = \"a\"\npassword = " + s,
                               "dsn = \"a\"\n" + s};
  const std::string properties[] = {
      "\"sasl.password\" = [\"" + s + "\"]",
      "sasl.password = \"" + s + "\"",
      "\"sasl.pasword\" = \"" + s + "\"",
      "\"sasl.password\" = " + s,
      "\"ssl.key.pem\" = \"" + s + "\"",
      "\"ssl.key.password\" = \"" + s + "\"\n\"security.protocol\" = \"ssl\"\n\"ssl.key.location\" = \"/nowhere\"",
      "\"ssl.keystore.password\" = \"" + s +
          "\"\n\"security.protocol\" = \"ssl\"\n\"ssl.keystore.location\" = \"/nowhere\"",
      "\"sasl.oauthbearer.config\" = \"" + s +
          "\"\n\"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"",
      "\"sasl.oauthbearer.client.secret\" = \"" + s + "\"\n\"sasl.mechanism\" = \"" + s + "\"",
      "\"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = "
      "\"u\"\n\"sasl.password\" = \"" +
          s + "\"\n\"debug\" = \"all\""};
  line_.configure(table);
  const std::string whole = read_file(line_.toml());
  const auto expect_silence = [&](const std::string& wrong) {
    const Finished done = line_.run({"doctor", "--json"});
    EXPECT_NE(done.code, 0) << wrong;
    EXPECT_THAT(done.out + done.err, Not(HasSubstr(kSecret))) << wrong;
    EXPECT_FALSE(done.out.empty() && done.err.empty()) << wrong;
  };
  for (const auto& head : heads) {
    const auto from = whole.find("dsn = "), to = whole.find("[target]");
    std::ofstream(line_.toml()) << whole.substr(0, from) << head << "\n" << whole.substr(to);
    expect_silence(head);
  }
  for (const auto& property : properties) {
    line_.configure("[kafka.producer]\n" + property + "\n" + table);
    expect_silence(property);
  }
}

// Rows that fail in every way, and what is written about them at its most talkative.
TEST_F(Secrets, RowValuesAreInNoLogAndNoAnswerAndNoStatement) {
  const std::string row = kRow;
  line_.on_both("create table parents (id int primary key)");
  line_.a().run("create table bad (id int primary key, u text, t text, c text, p int, w text)");
  line_.b().run(
      "create table bad (id int primary key, u text unique, t date, c text check (length(c) < 20), p int references "
      "parents, w text); create function complain() returns trigger language plpgsql as $$ begin raise notice 'saw %', "
      "new.w; if new.w like '%raise%' then raise exception 'no %', new.w using detail = new.w, hint = new.w; end if; "
      "return new; end $$; create trigger complain before insert or update on bad for each row execute function "
      "complain(); create table bag (v text check (v not like '%refused%')); create table odd (id int primary key, v "
      "xml, j varchar(5))");
  line_.a().run("create table bag (v text); create table odd (id int primary key, v text, j text)");
  line_.configure(
      "[kafka.producer]\n\"debug\" = \"all\"\n[kafka.consumer]\n\"debug\" = \"all\"\n[[table]]\nsource = "
      "\"public.bad\"\n[[table]]\nsource = \"public.bag\"\n[[table]]\nsource = \"public.odd\"\n[[rule]]\ntable = "
      "\"public.bad\"\nname = \"short\"\ncheck = \"length(w) < 100\"\n[[rule]]\ntable = \"public.bad\"\nname = "
      "\"breaks\"\ncheck = \"w::text <> 'x' or (w || u)::int > 0\"\n");
  line_.migrate();
  Process replicator = line_.start("all", {{"PENSTOCK_LOG", "trace"}});
  const std::string seen = "select count(*) from pg_stat_activity where usename = 'penstock' and (query like '%" + row +
                           "%' or application_name like '%" + row + "%')";
  Database writer = line_.a(), admin_a = line_.admin_a(), admin_b = line_.admin_b();
  const auto look = [&] { return admin_a.number(seen) + admin_b.number(seen); };
  long long shown = 0;
  writer.run("insert into bad values (1, '" + row + "', null), (2, '" + row + "', null), (3, 'u3', '" + row + "')");
  writer.run("insert into bad values (4, 'u4', null, '" + row + row + "', null, null), (5, 'u5', null, null, 7, '" +
             row + "')");
  writer.run("insert into bad values (6, 'u6', null, null, null, '" + row +
             " raise'), (7, 'u7', null, null, null, repeat('" + row + "', 20)), (8, '" + row +
             "!', null, null, null, 'x')");
  writer.run("insert into bag values ('" + row + "'), ('" + row + " refused'); delete from bag where v = '" + row +
             "'");
  writer.run("insert into odd values (1, '<" + row + ">', '" + row + "'), (2, '<a>', '" + row + "')");
  for (int i = 0; i < 100; ++i) {
    writer.run("update bad set w = '" + row + std::to_string(i) + "' where id = 3");
    shown += look();
  }
  EXPECT_TRUE(admin_b.becomes("select count(*) >= 8 from penstock.dead_letter", "t", 20));
  EXPECT_EQ(shown, 0) << "statements with row values in them";
  line_.once();
  // Rows of both sides that differ, so that they are read, hashed and copied again.
  line_.b().run("update bad set w = 'other'; insert into bag values ('" + row + " extra')");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"status", "--json"},
                                                  {"doctor", "--json"},
                                                  {"verify", "--json", "--table", "public.bad"},
                                                  {"verify", "--repair", "--table", "public.bad"},
                                                  {"backfill", "public.bad", "--where", "w = '" + row + "'"},
                                                  {"backfill", "public.bag"},
                                                  {"dlq", "list"},
                                                  {"dlq", "list", "--json"},
                                                  {"migrate", "status"},
                                                  {"migrate", "--dry-run"}}) {
    const Finished done = line_.run(command);
    EXPECT_THAT(done.out + done.err, Not(HasSubstr(row))) << command[0];
  }
  EXPECT_EQ(look(), 0);
  // A rule, or a predicate, that is no SQL.
  EXPECT_NE(line_.run({"backfill", "public.bad", "--where", "w::int = 1"}).code, 0);
  replicator.send(SIGTERM);
  replicator.wait(20s);
  const std::string log = line_.log();
  EXPECT_THAT(log, HasSubstr("librdkafka"));  // at its most talkative
  EXPECT_EQ(log.find(row), std::string::npos) << log.substr(log.find(row) < 300 ? 0 : log.find(row) - 300, 600);
  EXPECT_EQ(admin_b.number("select count(*) from penstock.dead_letter where message like '%" + row + "%'"), 0);
}

}  // namespace
}  // namespace penstock::test
