#pragma once
// One librdkafka instance: what producer, consumer and admin share. Internal to kafka/.
#include <chrono>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "kafka/handles.hpp"
#include "kafka/settings.hpp"

namespace penstock::kafka {

// Its address is librdkafka's opaque, so it stays where it is. Callbacks run on our thread, inside polls.
class Client {
 public:
  struct Callbacks {
    void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void* opaque);
    void (*committed)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void* opaque);
    void (*rebalance)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void* opaque) = nullptr;
  };

  Client(Role role, const std::vector<Setting>& settings, const Callbacks& callbacks);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_.get(); }
  // A numeric property in force.
  std::size_t number(const char* property) const;
  // Something got through: ends an outage, and says so.
  void heard() {
    if (outage_since_) report_return();
  }
  // librdkafka has given up (an idempotent producer that cannot go on): only a new client helps.
  const std::optional<Failure>& fatal() const { return fatal_; }
  // What librdkafka reported that it cannot mend by itself (no right, no such topic, a wrong password); said once.
  std::optional<Failure> take_trouble() { return std::exchange(trouble_, std::nullopt); }

  // What was last said of a connection to a broker: why there is none, where something only timed out. Perhaps empty.
  const std::string& complaint() const { return complaint_; }

  // Not destroyed with this object: its threads end with the process.
  void leave_behind() { static_cast<void>(handle_.release()); }

  // An error that librdkafka mends itself; logged once an outage.
  void note(rd_kafka_resp_err_t code, std::string_view reason);

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const;
  };

  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* opaque);
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  void report_return();

  Role role_;
  std::optional<std::chrono::steady_clock::time_point> outage_since_;
  std::string complaint_;
  std::optional<Failure> fatal_;
  std::optional<Failure> trouble_;
  std::unique_ptr<rd_kafka_t, Destroy> handle_;
};

}  // namespace penstock::kafka
