// TLS and passwords, against servers of the tests' own, with certificates of the tests' own.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPassword = "s3cret-of-the-tests";  // Line's, and here also of Kafka's user
constexpr const char* kWrongPassword = "wr0ng-s3cret";

// How the configuration reaches the servers.
struct Way {
  std::string what;
  std::string complaint = "";  // what the program must say of it; none: it works
  std::string host = "127.0.0.1";
  std::string options = "";  // of the connection strings
  std::string password = "${TEST_PASSWORD}";
  std::string bootstrap = "";   // empty: the line's
  std::string properties = "";  // of Kafka, producer and consumer alike
};

// ":5432/database" of postgresql://user@host:5432/database
std::string place_of(const std::string& dsn) { return dsn.substr(dsn.rfind(':')); }

void configure(const Line& line, const Way& way) {
  const auto dsn = [&](const std::string& place) {
    return "dsn = \"postgresql://penstock:" + way.password + "@" + way.host + place + way.options + "\"\n";
  };
  const std::string topic = line.topic("one");
  std::ofstream(line.toml()) << "[pipeline]\nname = \"emp\"\n[source]\n"
                             << dsn(place_of(line.admin_dsn_a())) << "[target]\n"
                             << dsn(place_of(line.admin_dsn_b())) << "[kafka]\nbootstrap_servers = \""
                             << (way.bootstrap.empty() ? line.servers().kafka : way.bootstrap)
                             << "\"\ntopic_prefix = \"" << topic.substr(0, topic.find('.')) << "\"\n[kafka.producer]\n"
                             << way.properties << "[kafka.consumer]\n"
                             << way.properties << "[[table]]\nsource = \"public.one\"\n";
}

void create_one(Line& line) {
  line.on_both("create table one (id int primary key, v int)");
  line.configure("[[table]]\nsource = \"public.one\"\n");
}

// A command ends with exit 3 and says why; `run` says it and waits.
void expect_refused(Line& line, const Way& way) {
  SCOPED_TRACE(way.what);
  configure(line, way);
  line.a().run("update one set v = v + 1");  // so that there is something to do
  const Finished doctor = line.run({"doctor"});
  EXPECT_EQ(doctor.code, 3) << doctor.out;
  EXPECT_THAT(doctor.out, AllOf(HasSubstr(way.complaint), Not(HasSubstr(kWrongPassword))));
  const Finished once = line.run({"run", "--once", "--timeout", "1"});
  EXPECT_EQ(once.code, 3);
  EXPECT_THAT(once.err, AllOf(HasSubstr(way.complaint), Not(HasSubstr(kWrongPassword))));
}

void expect_works(Line& line, const Way& way) {
  SCOPED_TRACE(way.what);
  static int id = 0;
  configure(line, way);
  line.a().run("insert into one values (" + std::to_string(++id) + ", 1)");
  line.once();
  EXPECT_EQ(line.b().number("select count(*) from one where id = " + std::to_string(id)), 1);
}

std::string quoted(const std::string& setting) { return " \"" + setting + "\""; }

TEST(Tls, PostgresIsProvenToBeTheOneThatIsMeant) {
  const Certificates made;
  made.make_authority("ca");
  made.make_authority("other");
  made.make("server", "ca", "DNS:localhost,IP:0.0.0.0");
  made.make("expired", "ca", "DNS:localhost", -1);
  made.write("hba.conf",
             "hostssl   all penstock 127.0.0.1/32 scram-sha-256\nhostnossl all penstock 127.0.0.1/32 reject\n"
             "host      all all      127.0.0.1/32 trust\nlocal     all all trust\n");
  const OwnServer own("a", quoted("ssl=on") + quoted("ssl_cert_file='" + made.path("server.crt") + "'") +
                               quoted("ssl_key_file='" + made.path("server.key") + "'") +
                               quoted("hba_file='" + made.path("hba.conf") + "'"));
  Servers servers = own.servers;
  servers.b = servers.a;
  Line line(servers);
  create_one(line);
  const std::string root = "sslrootcert=" + made.path("ca.crt");
  const Way whole{.what = "all is right", .host = "localhost", .options = "?sslmode=verify-full&" + root};
  configure(line, whole);
  line.migrate();
  expect_works(line, whole);
  Process replicator = line.start();
  EXPECT_TRUE(
      line.admin_a().becomes("select count(*) > 1 and bool_and(ssl) from pg_stat_ssl join pg_stat_activity using "
                             "(pid) where usename = 'penstock'",
                             "t", 5));
  // Nothing said of TLS: a server that is not on this machine must prove itself.
  expect_works(line, {.what = "by default", .host = "0.0.0.0", .options = "?" + root});
  expect_works(line, {.what = "not verified, by name", .options = "?sslmode=require"});
  const Way refused[] = {
      {.what = "a wrong CA",
       .complaint = "certificate verify failed",
       .host = "localhost",
       .options = "?sslmode=verify-full&sslrootcert=" + made.path("other.crt")},
      {.what = "another host's certificate",
       .complaint = "does not match host name \"127.0.0.1\"",
       .options = "?sslmode=verify-full&" + root},
      {.what = "no CA",
       .complaint = "root certificate file",
       .host = "0.0.0.0",
       .options = "?sslrootcert=" + made.path("nowhere.crt")},
      {.what = "plain text", .complaint = "pg_hba.conf rejects connection", .options = "?sslmode=disable"},
      {.what = "a wrong password",
       .complaint = "password authentication failed",
       .host = "localhost",
       .options = whole.options,
       .password = kWrongPassword}};
  for (const Way& way : refused) expect_refused(line, way);
  Database admin = line.admin_a();
  admin.run("alter system set ssl_cert_file = '" + made.path("expired.crt") + "'");
  admin.run("alter system set ssl_key_file = '" + made.path("expired.key") + "'");
  admin.run("select pg_reload_conf()");
  EXPECT_TRUE(admin.becomes("select setting like '%expired.key' from pg_settings where name = 'ssl_key_file'", "t", 5));
  expect_refused(line, {.what = "an expired certificate",
                        .complaint = "certificate verify failed",
                        .host = "localhost",
                        .options = whole.options});
  // Whoever was connected before goes on.
  line.a().run("insert into one values (1000, 1)");
  EXPECT_TRUE(line.b().becomes("select count(*) from one where id = 1000", "1", 5));
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST(Tls, APostgresWithoutItIsNotTakenUnlessItIsSaid) {
  Line line;
  create_one(line);
  configure(line, {.what = "", .host = "0.0.0.0"});
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("server does not support SSL"), HasSubstr("sslmode=disable")));
  configure(line, {.what = "", .host = "0.0.0.0", .options = "?sslmode=disable"});
  line.migrate_and_copy();
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

// One broker: plain text for the test, TLS with passwords, TLS with certificates on both sides.
struct Ports {
  std::string plain = std::to_string(free_port()), controller = std::to_string(free_port()),
              passwords = std::to_string(free_port()), mutual = std::to_string(free_port());
};

std::string broker_settings(const Certificates& made, const Ports& ports) {
  const std::string jaas = "org.apache.kafka.common.security.";
  std::string all = ports.plain;
  const auto add = [&](const std::string& setting) { all += " '" + setting + "'"; };
  add("listeners=PLAINTEXT://127.0.0.1:" + ports.plain + ",CONTROLLER://127.0.0.1:" + ports.controller +
      ",PASSWORDS://127.0.0.1:" + ports.passwords + ",MUTUAL://127.0.0.1:" + ports.mutual);
  add("advertised.listeners=PLAINTEXT://127.0.0.1:" + ports.plain + ",PASSWORDS://localhost:" + ports.passwords +
      ",MUTUAL://localhost:" + ports.mutual);
  add("controller.quorum.voters=1@127.0.0.1:" + ports.controller);
  add("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORDS:SASL_SSL,MUTUAL:SSL");
  add("inter.broker.listener.name=PLAINTEXT");
  add("ssl.keystore.type=PEM");
  add("ssl.keystore.location=" + made.path("broker.pem"));
  add("ssl.truststore.type=PEM");
  add("ssl.truststore.location=" + made.path("ca.crt"));
  add("listener.name.mutual.ssl.client.auth=required");
  add("sasl.enabled.mechanisms=PLAIN");
  add("listener.name.passwords.plain.sasl.jaas.config=" + jaas + "plain.PlainLoginModule required user_penstock=\"" +
      kPassword + "\";");
  return all;
}

TEST(Tls, KafkaIsProvenToBeTheOneThatIsMeant) {
  const Certificates made;
  made.make_authority("ca");
  made.make_authority("other");
  made.make("broker", "ca", "DNS:localhost");
  made.make("client", "ca", "DNS:client");
  const Ports ports;
  const OwnServer own("kafka", broker_settings(made, ports));
  ASSERT_EQ(own.servers.kafka, "127.0.0.1:" + ports.plain);
  Line line(own.servers);
  create_one(line);
  line.migrate();

  const std::string passwords = "localhost:" + ports.passwords, mutual = "localhost:" + ports.mutual;
  const auto trusting = [&](const std::string& ca) {
    return "\"ssl.ca.location\" = \"" + made.path(ca + ".crt") + "\"\n";
  };
  const auto sasl = [&](const std::string& password) {
    return "\"security.protocol\" = \"sasl_ssl\"\n\"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = "
           "\"penstock\"\n\"sasl.password\" = \"" +
           password + "\"\n";
  };
  const std::string ours = "${TEST_PASSWORD}";
  const std::string ssl = "\"security.protocol\" = \"ssl\"\n";
  const std::string client = "\"ssl.certificate.location\" = \"" + made.path("client.crt") +
                             "\"\n\"ssl.key.location\" = \"" + made.path("client.key") + "\"\n";
  expect_works(line, {.what = "PLAIN", .bootstrap = passwords, .properties = sasl(ours) + trusting("ca")});
  expect_works(
      line, {.what = "certificates on both sides", .bootstrap = mutual, .properties = ssl + client + trusting("ca")});
  expect_works(line,
               {.what = "not verified, by name",
                .bootstrap = passwords,
                .properties = sasl(ours) + trusting("other") + "\"enable.ssl.certificate.verification\" = false\n"});
  const Way refused[] = {
      {.what = "a wrong CA",
       .complaint = "certificate verify failed",
       .bootstrap = passwords,
       .properties = sasl(ours) + trusting("other")},
      {.what = "another host's certificate",
       .complaint = "certificate verify failed",
       .bootstrap = "127.0.0.1:" + ports.passwords,
       .properties = sasl(ours) + trusting("ca")},
      {.what = "no certificate of the client's",
       .complaint = "localhost:" + ports.mutual,
       .bootstrap = mutual,
       .properties = ssl + trusting("ca")},
      {.what = "plain text to TLS", .complaint = "connecting to a SSL listener?", .bootstrap = passwords},
      {.what = "TLS to plain text", .complaint = "SSL handshake failed", .properties = ssl + trusting("ca")},
      {.what = "a wrong password",
       .complaint = "Authentication failed",
       .bootstrap = passwords,
       .properties = sasl(kWrongPassword) + trusting("ca")}};
  for (const Way& way : refused) expect_refused(line, way);
}

}  // namespace
}  // namespace penstock::test
