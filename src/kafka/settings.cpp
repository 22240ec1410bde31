#include "kafka/settings.hpp"

#include <array>
#include <charconv>
#include <span>

#include "base/error.hpp"

namespace penstock::kafka {
namespace {

struct Default {
  const char* name;
  const char* value;
};

// The user's properties win over these. Times in milliseconds.
constexpr Default kCommon[] = {
    {"client.id", "penstock"},
    {"reconnect.backoff.ms", "50"},  // a broker that is back is found within half a second
    {"reconnect.backoff.max.ms", "500"},
    {"retry.backoff.ms", "50"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"socket.timeout.ms", "10000"},  // a broker that froze is given up after this
    {"topic.metadata.refresh.fast.interval.ms", "50"},
    {"topic.metadata.propagation.max.ms", "5000"},  // only then is a topic that was not found said to be missing
    // With TLS the broker's certificate is checked, and that it is this broker's, whatever librdkafka's version does.
    {"enable.ssl.certificate.verification", "true"},
    {"ssl.endpoint.identification.algorithm", "https"},
};

constexpr Default kProducer[] = {
    // kRecordBytesMax. Topics must take as much (topic_message_bytes_max): a broker's own default, 1 MB, would refuse
    // a row of 1 MB that PostgreSQL took.
    {"message.max.bytes", "8388608"},
    // Measured in bulk: 100,000 take 14 to 20 MB more, and are no faster.
    {"queue.buffering.max.messages", "10000"},
    // Measured on a quiet broker, produce to acknowledgement: 0.2 to 0.35 ms; with 0.5 it is 1.6 (librdkafka's timers
    // count whole milliseconds). In bulk records pile up while a request is under way, and throughput is the same; 5 ms
    // would save a tenth of our processor time and a sixth of the broker's.
    {"linger.ms", "0"},
    {"compression.codec", "lz4"},
};

constexpr Default kConsumer[] = {
    // Bounds of a partition's queue; both, since whichever is met first stops the fetching. A message costs some 300
    // bytes
    // beside its own. Measured at 300 bytes a record: 8 MB and fetches of 1 MB take 64 MB of memory, these 29, and are
    // as fast.
    {"queued.max.messages.kbytes", "4096"},
    {"queued.min.messages", "50000"},
    {"fetch.message.max.bytes", "262144"},  // a partition and fetch, compressed; a greater record comes alone
    {"fetch.max.bytes", "8388608"},
    {"message.max.bytes", "8388608"},
    // No member of the group, so there is no session. But a commit that finds no coordinator is kept for as long, and
    // keeps the consumer from ending: librdkafka 2.0.2 took 45 s by its default, and takes one by this.
    {"session.timeout.ms", "100"},
    {"fetch.error.backoff.ms", "50"},
};

// Above those: a member of a group.
constexpr Default kMember[] = {
    // A member that died is noticed after the session; the others learn of it, and of one that joined, by the
    // heartbeat.
    {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "500"},
};

// Exactness rests on these. `same` is another way of writing the value.
struct Fixed {
  const char* name;
  const char* value;
  const char* same;
};

constexpr Fixed kProducerFixed[] = {
    {"enable.idempotence", "true", "true"},
    {"acks", "all", "-1"},
    {"request.required.acks", "all", "-1"},
    // After a record failed for good no later one may be written: a resend would be taken for a duplicate.
    {"enable.gapless.guarantee", "true", "true"},
    // Five minutes are librdkafka's default, and break an outage that is longer.
    {"message.timeout.ms", "0", "0"},
    {"delivery.timeout.ms", "0", "0"},
    {"retries", "2147483647", "2147483647"},
    {"message.send.max.retries", "2147483647", "2147483647"},
    {"transactional.id", "", ""},
};

constexpr Fixed kConsumerFixed[] = {
    {"auto.offset.reset", "error", "error"},  // never silently elsewhere than where B says
    {"enable.auto.commit", "false", "false"},   {"enable.auto.offset.store", "false", "false"},
    {"enable.partition.eof", "false", "false"}, {"allow.auto.create.topics", "false", "false"},
};

// Partitions that stay with their member go on while others move: a rebalance that waits for a dead member's session to
// end would hold up all of them.
constexpr Fixed kMemberFixed[] = {{"partition.assignment.strategy", "cooperative-sticky", "cooperative-sticky"}};

constexpr Fixed kAlwaysFixed[] = {
    {"bootstrap.servers", nullptr, nullptr},  // [kafka] bootstrap_servers says it
    {"metadata.broker.list", nullptr, nullptr},
    {"log.queue", "true", "true"},  // the log comes out on our thread
};

bool is_secret(std::string_view name) {
  return name.starts_with("sasl.") || name.find("password") != name.npos || name.starts_with("ssl.key") ||
         name.find("secret") != name.npos;
}

void refuse_overriding(const Properties& user, std::span<const Fixed> fixed) {
  for (const Fixed& one : fixed) {
    const auto found = user.find(one.name);
    if (found == user.end()) continue;
    if (one.value == nullptr) {
      throw Failure(ErrorKind::usage,
                    std::string("Kafka property \"") + one.name + "\" is set by bootstrap_servers in [kafka]");
    }
    if (found->second == one.value || found->second == one.same) continue;
    throw Failure(ErrorKind::usage, std::string("Kafka property \"") + one.name +
                                        "\" cannot be changed: exactly-once rests on " +
                                        (*one.value == '\0' ? "leaving it out" : std::string("\"") + one.value + "\""));
  }
}

// 0: not set, or no number (librdkafka says so).
constexpr std::size_t kRecordBytesMax = 8 << 20;  // message.max.bytes where the user sets none

std::optional<std::size_t> number_of(const Properties& user, const char* name) {
  const auto found = user.find(name);
  std::size_t value = 0;
  if (found == user.end()) return std::nullopt;
  const char* const end = found->second.data() + found->second.size();
  if (std::from_chars(found->second.data(), end, value).ec != std::errc()) return std::nullopt;
  return value;
}

// A queue that cannot hold the greatest record would wait for room for ever.
void fit_queue(std::vector<Setting>& to, const Properties& user) {
  constexpr const char* kQueue = "queue.buffering.max.kbytes";
  const std::size_t record_kb = (record_bytes_max(user) + 1023) / 1024;
  const auto queue_kb = number_of(user, kQueue);
  if (queue_kb && *queue_kb < record_kb) {
    throw Failure(ErrorKind::usage, fmt::format("Kafka property \"{}\" must be {} at least, for one record of "
                                                "message.max.bytes",
                                                kQueue, record_kb));
  }
  // Two records of the default's size at least; memory is bounded by this.
  constexpr std::size_t kLeast_kb = 2 * kRecordBytesMax / 1024;
  to.emplace_back(kQueue, std::to_string(std::max(kLeast_kb, 2 * record_kb)));
}

void append(std::vector<Setting>& to, std::span<const Default> defaults) {
  for (const Default& one : defaults) to.emplace_back(one.name, one.value);
}

void append_fixed(std::vector<Setting>& to, std::span<const Fixed> fixed) {
  for (const Fixed& one : fixed) {
    if (one.value != nullptr && *one.value != '\0') to.emplace_back(one.name, one.value);
  }
}

}  // namespace

std::size_t record_bytes_max(const Properties& producer) {
  return number_of(producer, "message.max.bytes").value_or(kRecordBytesMax);
}

std::size_t topic_message_bytes_max(const Properties& producer) { return record_bytes_max(producer) + (64U << 10); }

std::string_view to_string(Role role) {
  switch (role) {
    case Role::producer: return "producer";
    case Role::consumer: return "consumer";
    case Role::member: return "consumer";
    case Role::admin: return "admin";
  }
  return "client";
}

std::vector<Setting> settings(Role role, const Cluster& cluster) {
  if (cluster.bootstrap_servers.empty()) throw Failure(ErrorKind::usage, "bootstrap_servers is empty");
  std::span<const Default> defaults;
  std::span<const Fixed> fixed;
  if (role == Role::producer) defaults = kProducer, fixed = kProducerFixed;
  const bool member = role == Role::member;
  if (role == Role::consumer || member) defaults = kConsumer, fixed = kConsumerFixed;
  refuse_overriding(cluster.extra, fixed);
  refuse_overriding(cluster.extra, kAlwaysFixed);
  if (member) refuse_overriding(cluster.extra, kMemberFixed);

  std::vector<Setting> all;
  append(all, kCommon);
  append(all, defaults);
  if (member) append(all, kMember);
  if (role == Role::producer) fit_queue(all, cluster.extra);
  all.insert(all.end(), cluster.extra.begin(), cluster.extra.end());
  append_fixed(all, fixed);
  if (member) append_fixed(all, kMemberFixed);
  append_fixed(all, kAlwaysFixed);
  all.emplace_back("bootstrap.servers", cluster.bootstrap_servers);
  return all;
}

ConfHandle make_conf(const std::vector<Setting>& settings) {
  ConfHandle conf(rd_kafka_conf_new());
  std::array<char, 512> text{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) == RD_KAFKA_CONF_OK)
      continue;
    throw Failure(ErrorKind::usage, is_secret(name)
                                        ? "Kafka property \"" + name + "\" has a value that librdkafka refuses"
                                        : "Kafka property \"" + name + "\": " + text.data());
  }
  return conf;
}

}  // namespace penstock::kafka
