// Records on the topic that nobody of ours wrote.
#include <gtest/gtest.h>

#include "kafka/producer.hpp"
#include "support/coroutine.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

void produce(const Line& line, const std::vector<std::string>& values) {
  run_task([&]() -> Task<void> {
    const kafka::Cluster cluster{line.servers().kafka, {}};
    kafka::Producer producer(co_await asio::this_coro::executor, cluster);
    const std::string topic = line.topic("employee_a");
    for (const auto& value : values) {
      kafka::Producer::Record record;
      record.topic = topic;
      record.value = value;
      co_await producer.send(record);
    }
    co_await producer.flush();
  });
}

TEST(Poison, GoesToTheDeadLettersAndTheRestGoesOn) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process replicator = line.start();
  Database a = line.a();
  a.run("insert into employee_a values (1, 'F', 'L', date '2010-01-01', 'C', 20000)");
  ASSERT_TRUE(line.b().becomes("select count(*) from employee_b", "1", 10));
  const std::string unknown_table =
      R"({"op":"c","ts_ms":1,"source":{"connector":"penstock","name":"emp","db":"x","schema":"public","table":"nobody","txId":1,"ts_ms":1,)"
      R"("penstock":{"epoch":1,"batch":999999,"nonce":1,"previous":2,"cdc_id":1,"ordinal":0}},"before":null,"after":{"id":1}})";
  const std::vector<std::string> poison{std::string("\x00\xff\xfe no JSON", 11), R"({"hello":"world"})", unknown_table,
                                        std::string(2'000'000, 'g')};
  produce(line, poison);
  a.run("insert into employee_a values (2, 'F', 'L', date '2010-01-01', 'C', 20000)");
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b", "2", 10));
  EXPECT_TRUE(line.admin_b().becomes("select count(*) from penstock.dead_letter where stage = 'decode'", "4", 10));
  EXPECT_TRUE(replicator.running());
  line.expect_equal();
  EXPECT_EQ(line.book("captured"), 2);
  EXPECT_EQ(line.book("rejected"), 0);
  // The original bytes are there to be looked at.
  const std::string id = line.admin_b().value("select id from penstock.dead_letter order by id limit 1 offset 1");
  const Finished shown = line.run({"dlq", "show", id});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find(poison[1]), std::string::npos) << shown.out;
}

}  // namespace
}  // namespace penstock::test
