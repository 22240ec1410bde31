#include "rivals/floor.hpp"

#include <array>
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "support/broker.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kColumns = 6;
constexpr int kPoll_ms = 100;             // how long stop() waits at most
constexpr std::size_t kRows_max = 5'000;  // in one transaction

constexpr const char* kInsertAll =
    "insert into employee (emp_id, first_name, last_name, dob, city, salary) "
    "select * from unnest($1::int[], $2::text[], $3::text[], $4::date[], $5::text[], $6::int[])";

using Columns = std::array<std::vector<std::string>, kColumns>;

void append(Columns& columns, std::string_view row) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto end = row.find('\t');
    columns[i].emplace_back(row.substr(0, end));
    row.remove_prefix(end == row.npos ? row.size() : end + 1);
  }
}

pg::Params params_of(const Columns& columns) {
  pg::Params params;
  for (const auto& column : columns) params.add(column);
  return params;
}

}  // namespace

// The settings of Penstock's clients that bear on latency (src/kafka/settings.cpp).
void Floor::start() {
  test::Broker(place().kafka).create_topic(topic());
  const std::map<std::string, std::string> common{
      {"bootstrap.servers", place().kafka}, {"socket.nagle.disable", "true"}, {"log_level", "3"}};
  auto producing = common;
  producing.insert({{"linger.ms", "0"}, {"acks", "all"}, {"enable.idempotence", "true"}});
  producer_ = test::kafka_client(RD_KAFKA_PRODUCER, producing);
  auto consuming = common;
  consuming.insert({{"group.id", topic()},
                    {"enable.auto.commit", "false"},
                    {"auto.offset.reset", "error"},
                    {"fetch.wait.max.ms", "100"},
                    {"fetch.error.backoff.ms", "50"}});
  consumer_ = test::kafka_client(RD_KAFKA_CONSUMER, consuming);
  rd_kafka_poll_set_consumer(consumer_.get());
  const test::KafkaPartitions from(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(from.get(), topic().c_str(), 0)->offset = 0;
  test::check_kafka("assigning " + topic(), rd_kafka_assign(consumer_.get(), from.get()));
  stopping_ = false;
  thread_ = std::thread([this] { consume(); });
}

void Floor::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  consumer_.reset();
  producer_.reset();
}

Floor::~Floor() { Floor::stop(); }

void Floor::committed(const Employee& employee) {
  std::string row = fmt::format("{}\t{}\t{}\t{}\t{}\t{}", employee.emp_id, employee.first_name, employee.last_name,
                                employee.dob, employee.city, employee.salary);
  test::check_kafka("producing", rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(topic().c_str()),
                                                   RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                                   RD_KAFKA_V_VALUE(row.data(), row.size()), RD_KAFKA_V_END));
}

void Floor::consume() try {
  Session b(place().dsn_b);
  b.prepare("insert", kInsertAll);
  while (!stopping_) {
    Columns columns;
    int wait_ms = kPoll_ms;
    while (columns[0].size() < kRows_max) {
      const test::KafkaMessage message(rd_kafka_consumer_poll(consumer_.get(), wait_ms));
      if (!message) break;
      test::check_kafka("consuming", message->err);
      append(columns, {static_cast<const char*>(message->payload), message->len});
      wait_ms = 0;  // what has come already goes along; nobody waits for more
    }
    if (!columns[0].empty()) b.execute("insert", params_of(columns));
  }
} catch (const std::exception& error) {
  // The run will find B without the rows, and say so.
  std::cerr << "floor: " << error.what() << "\n";
}

}  // namespace penstock::bench
