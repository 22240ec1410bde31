#include "support/kafka_client.hpp"

#include <array>
#include <stdexcept>

namespace penstock::test {

KafkaClient kafka_client(rd_kafka_type_t type, const std::map<std::string, std::string>& properties) {
  std::array<char, 512> why{};
  std::unique_ptr<rd_kafka_conf_t, Free<rd_kafka_conf_destroy>> configuration(rd_kafka_conf_new());
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error("Kafka: " + std::string(why.data()));
    }
  }
  KafkaClient made(rd_kafka_new(type, configuration.get(), why.data(), why.size()));
  if (!made) throw std::runtime_error("Kafka: " + std::string(why.data()));
  configuration.release();  // now the client's
  return made;
}

void check_kafka(const std::string& what, rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error("Kafka: " + what + ": " + rd_kafka_err2str(error));
}

}  // namespace penstock::test
