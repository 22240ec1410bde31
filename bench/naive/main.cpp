// The rival "naive": change capture as it is usually written first. A poller that NOTIFY wakes asks for `id > last` and
// sends each row as JSON; a consumer writes each row to B in a transaction of its own. The clients' settings are
// librdkafka's defaults (linger.ms 5, offsets committed every 5 s). usage: bench_naive DSN_A DSN_B KAFKA TOPIC
#include <libpq-fe.h>
#include <poll.h>

#include <iostream>
#include <thread>

#include "harness/session.hpp"
#include "support/kafka_client.hpp"

namespace penstock::bench {
namespace {

constexpr int kWait_ms = 1'000;  // a notification that was missed costs no more

void wait_for_notification(Session& a) {
  pollfd readable{PQsocket(a.handle()), POLLIN, 0};
  ::poll(&readable, 1, kWait_ms);
  PQconsumeInput(a.handle());
  while (PGnotify* notification = PQnotifies(a.handle())) PQfreemem(notification);
}

void capture(const std::string& dsn, const std::string& kafka, const std::string& topic) {
  Session a(dsn);
  a.run("listen employee_changes");
  const std::string poll = sql_file("naive_poll");
  const auto producer = test::kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", kafka}});
  std::int64_t last = 0;
  while (true) {
    const auto changes = a.rows(poll, pg::Params::of(last));
    for (const auto& change : changes) {
      std::string json = change[1];
      test::check_kafka("producing",
                        rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                          RD_KAFKA_V_VALUE(json.data(), json.size()), RD_KAFKA_V_END));
      last = std::stoll(change[0]);
    }
    if (changes.empty()) {
      wait_for_notification(a);
    } else {
      test::check_kafka("flushing", rd_kafka_flush(producer.get(), test::kKafkaTimeout_ms));
    }
  }
}

void apply(const std::string& dsn, const std::string& kafka, const std::string& topic) {
  Session b(dsn);
  b.prepare("apply", sql_file("naive_apply"));
  const auto consumer = test::kafka_client(
      RD_KAFKA_CONSUMER, {{"bootstrap.servers", kafka}, {"group.id", topic}, {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(consumer.get());
  const test::KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  test::check_kafka("subscribing", rd_kafka_subscribe(consumer.get(), topics.get()));
  while (true) {
    const test::KafkaMessage message(rd_kafka_consumer_poll(consumer.get(), kWait_ms));
    if (!message) continue;
    test::check_kafka("consuming", message->err);
    b.execute("apply", pg::Params::of(std::string_view(static_cast<const char*>(message->payload), message->len)));
  }
}

[[noreturn]] void give_up(const std::exception& error) {
  std::cerr << "naive: " << error.what() << "\n";
  std::_Exit(1);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  using namespace penstock::bench;
  if (argc != 5) return 2;
  const std::string a = argv[1], b = argv[2], kafka = argv[3], topic = argv[4];
  std::thread applier([&] {
    try {
      apply(b, kafka, topic);
    } catch (const std::exception& error) {
      give_up(error);
    }
  });
  try {
    capture(a, kafka, topic);
  } catch (const std::exception& error) {
    give_up(error);
  }
}
