#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "kafka/settings.hpp"

namespace penstock::kafka {
namespace {

using testing::HasSubstr;
using testing::Not;

// What librdkafka has in force after all of it was said.
std::string in_force(Role role, const Properties& user, const std::string& name) {
  const ConfHandle conf = make_conf(settings(role, {"localhost:9", user}));
  std::array<char, 512> text{};
  std::size_t size = text.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.get(), name.c_str(), text.data(), &size), RD_KAFKA_CONF_OK) << name;
  return text.data();
}

std::string refusal(Role role, const Properties& user) {
  try {
    make_conf(settings(role, {"localhost:9", user}));
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), ErrorKind::usage);
    return failure.what();
  }
  ADD_FAILURE() << "taken";
  return {};
}

TEST(KafkaProperties, TheUsersWinOverOurDefaults) {
  EXPECT_EQ(in_force(Role::producer, {}, "compression.codec"), "lz4");
  EXPECT_EQ(in_force(Role::producer, {{"compression.codec", "none"}}, "compression.codec"), "none");
}

TEST(KafkaProperties, TheUsersWinUnderAnAliasToo) {
  EXPECT_EQ(in_force(Role::producer, {{"queue.buffering.max.ms", "7"}}, "linger.ms"), "7");
}

TEST(KafkaProperties, QueuesAreBounded) {
  EXPECT_EQ(in_force(Role::producer, {}, "queue.buffering.max.kbytes"), "16384");
  EXPECT_EQ(in_force(Role::producer, {{"message.max.bytes", "64000000"}}, "queue.buffering.max.kbytes"), "125000");
  EXPECT_THROW(in_force(Role::producer, {{"message.max.bytes", "64000000"}, {"queue.buffering.max.kbytes", "20000"}},
                        "message.max.bytes"),
               Failure);
  EXPECT_EQ(in_force(Role::consumer, {}, "queued.max.messages.kbytes"), "4096");
}

TEST(KafkaProperties, WhatExactnessRestsOnIsInForce) {
  EXPECT_EQ(in_force(Role::producer, {}, "enable.idempotence"), "true");
  EXPECT_EQ(in_force(Role::producer, {}, "enable.gapless.guarantee"), "true");
  EXPECT_EQ(in_force(Role::producer, {}, "message.timeout.ms"), "0");
  EXPECT_EQ(in_force(Role::consumer, {}, "auto.offset.reset"), "error");
  EXPECT_EQ(in_force(Role::consumer, {}, "enable.auto.commit"), "false");
}

TEST(KafkaProperties, WhatExactnessRestsOnCannotBeChanged) {
  const Properties producer{{"enable.idempotence", "false"}, {"acks", "1"},         {"request.required.acks", "0"},
                            {"message.timeout.ms", "1000"},  {"retries", "3"},      {"delivery.timeout.ms", "1000"},
                            {"transactional.id", "x"},       {"log.queue", "false"}};
  for (const auto& [name, value] : producer) {
    EXPECT_THAT(refusal(Role::producer, {{name, value}}), HasSubstr('"' + name + '"'));
  }
  const Properties consumer{
      {"auto.offset.reset", "latest"}, {"enable.auto.commit", "true"}, {"enable.partition.eof", "true"}};
  for (const auto& [name, value] : consumer) {
    EXPECT_THAT(refusal(Role::consumer, {{name, value}}), HasSubstr('"' + name + '"'));
  }
}

TEST(KafkaProperties, SayingThemAsTheyAreIsFine) {
  EXPECT_EQ(in_force(Role::producer, {{"acks", "-1"}, {"enable.idempotence", "true"}}, "acks"), "-1");
}

TEST(KafkaProperties, BrokersAreNamedInOnePlaceOnly) {
  EXPECT_THAT(refusal(Role::producer, {{"bootstrap.servers", "elsewhere:9092"}}), HasSubstr("bootstrap_servers"));
  EXPECT_THAT(refusal(Role::consumer, {{"metadata.broker.list", "elsewhere:9092"}}), HasSubstr("bootstrap_servers"));
}

TEST(KafkaProperties, AnUnknownNameIsRefusedInLibrdkafkasWords) {
  EXPECT_THAT(refusal(Role::producer, {{"compresion.codec", "lz4"}}), HasSubstr("No such configuration property"));
}

TEST(KafkaProperties, ABadValueIsRefusedInLibrdkafkasWords) {
  EXPECT_THAT(refusal(Role::producer, {{"linger.ms", "soon"}}), HasSubstr("linger.ms"));
}

TEST(KafkaProperties, ASecretNeverStandsInTheRefusal) {
  EXPECT_THAT(refusal(Role::producer, {{"sasl.mechanism.password", "hunter2"}}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal(Role::producer, {{"ssl.key.pem.password", "hunter2"}}), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace penstock::kafka
