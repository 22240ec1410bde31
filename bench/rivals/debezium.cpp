#include "rivals/debezium.hpp"

#include <libpq-fe.h>

#include <stdexcept>
#include <thread>

#include "harness/runs.hpp"

namespace penstock::bench {
namespace {

struct Address {
  std::string host, port, user, password, database;
};

Address address_of(const std::string& dsn) {
  Session session(dsn);
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  PGconn* const connection = session.handle();
  // Debezium insists on a password where the server asks for none.
  const std::string password = text(PQpass(connection));
  return {text(PQhost(connection)), text(PQport(connection)), text(PQuser(connection)),
          password.empty() ? "none" : password, text(PQdb(connection))};
}

// The slot is named after the database, which is this run's alone.
constexpr const char* kSlotIs =
    "select count(*) from pg_replication_slots where slot_name = current_database() and active = $1";
constexpr const char* kDropSlot = "select pg_drop_replication_slot(current_database())";
constexpr double kFirstRow_s = 90;

void await_slot(Session& a, bool active) {
  for (int tries = 0; tries < 300; ++tries) {
    if (a.number(kSlotIs, pg::Params::of(active)) == 1) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error(active ? "Debezium does not use its slot" : "Debezium does not leave its slot");
}

}  // namespace

Properties Debezium::source_properties() const {
  const Address a = address_of(place().dsn_a);
  Properties all{{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
                 {"database.hostname", a.host},
                 {"database.port", a.port},
                 {"database.user", a.user},
                 {"database.password", a.password},
                 {"database.dbname", a.database},
                 {"plugin.name", "pgoutput"},
                 {"slot.name", a.database},
                 {"publication.autocreate.mode", "filtered"},
                 {"table.include.list", "public.employee"},
                 {"topic.prefix", place().topic_prefix},
                 {"snapshot.mode", "no_data"},
                 {"topic.creation.default.partitions", "1"},
                 {"topic.creation.default.replication.factor", "1"}};
  if (!tuned_) return all;
  all["poll.interval.ms"] = "10";
  all["max.batch.size"] = "8192";
  all["max.queue.size"] = "32768";
  all["producer.override.linger.ms"] = "0";
  return all;
}

// upsert by the key, with deletes: what makes it idempotent, since it delivers at least once.
Properties Debezium::sink_properties() const {
  const Address b = address_of(place().dsn_b);
  std::string url = "jdbc:postgresql://" + b.host + ":" + b.port + "/" + b.database;
  Properties all{{"connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"},
                 {"topics", place().topic_prefix + ".public.employee"},
                 {"connection.username", b.user},
                 {"connection.password", b.password},
                 {"insert.mode", "upsert"},
                 {"primary.key.mode", "record_key"},
                 {"delete.enabled", "true"},
                 {"schema.evolution", "none"},
                 {"collection.name.format", "employee"},
                 {"consumer.override.auto.offset.reset", "earliest"}};
  if (tuned_) {
    url += "?reWriteBatchedInserts=true";
    all["use.reduction.buffer"] = "true";
    all["batch.size"] = "5000";
    all["consumer.override.max.poll.records"] = "5000";
  }
  all["connection.url"] = url;
  return all;
}

// The sink follows once the topic is there: a consumer would look for it again after minutes only.
void Debezium::start() {
  connect_->add(source(), source_properties());
  Side a = side_a(), b = side_b();
  await_slot(a.session, true);
  const Employee employee = make_employee(0);
  const auto first = a.session.number(sql_file("insert_employee"), params_of(employee));
  connect_->add(sink(), sink_properties());
  wait_for_rows(*this, a, b, {first, first}, kFirstRow_s);
}

void Debezium::stop() {
  connect_->remove(sink());
  connect_->remove(source());
  Side a = side_a();
  await_slot(a.session, false);
  a.session.run(kDropSlot);  // or the database could not be dropped
}

void Debezium::pause() {
  connect_->pause(source());
  connect_->pause(sink());
}

void Debezium::resume() {
  connect_->resume(sink());
  connect_->resume(source());
}

}  // namespace penstock::bench
