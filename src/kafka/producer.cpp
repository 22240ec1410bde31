#include "kafka/producer.hpp"

#include <unordered_map>

#include "base/fail_point.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/event_source.hpp"

namespace penstock::kafka {
namespace {

// After so many records others on this thread get their turn, and delivery reports are taken out (reports also where
// librdkafka's queue is full). Single changes behind a great batch wait until it has been sent, whatever else could be
// done meanwhile: with turns of 512 the slowest of them took 2.4 s instead of 1.7.
constexpr std::uint64_t kSendsPerTurn = 16'384;

using Clock = std::chrono::steady_clock;

// How often while_waiting() is called; not for a wait that ends at once, as nearly all do.
constexpr std::chrono::seconds kLookEvery{5};
constexpr std::chrono::milliseconds kLongWait{200};

// What librdkafka counts on a record's wire size, beside its own bytes and its headers; it holds that against
// message.max.bytes.
constexpr std::size_t kRecordOverhead_bytes = 64;

// A record's opaque: its sequence number, and whether its offset is wanted.
void* opaque_of(std::uint64_t sequence, bool remember) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(sequence << 1 | static_cast<std::uint64_t>(remember)));
}

rd_kafka_headers_t* copy_of(const Headers& headers) {
  rd_kafka_headers_t* copy = rd_kafka_headers_new(headers.size());
  for (const auto& [name, value] : headers) {
    rd_kafka_header_add(copy, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return copy;
}

}  // namespace

struct Producer::Impl : Client {
  Impl(asio::any_io_executor executor, const Cluster& cluster)
      : Client(Role::producer, settings(Role::producer, cluster),
               {.delivered = &Impl::on_delivered, .committed = nullptr}),
        queue(rd_kafka_queue_get_main(get())),
        events(std::move(executor), queue.get()) {
    message_bytes_max = number("message.max.bytes") - kRecordOverhead_bytes;
  }
  ~Impl() { rd_kafka_purge(get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING); }

  // Takes the delivery reports out, and says what broke.
  void serve() {
    rd_kafka_poll(get(), 0);
    if (fatal() && !failure) {
      // The report of the record that caused it, which names the reason, comes just behind.
      constexpr int kReport_ms = 20;
      rd_kafka_poll(get(), kReport_ms);
    }
    if (!failure) failure = take_trouble();
    if (failure) throw *failure;
    if (fatal()) throw *fatal();
  }

  Task<void> wait(Clock::time_point since);
  bool queue_full(const Record& record);  // false: queued
  rd_kafka_resp_err_t enqueue(const Record& record, void* opaque);
  rd_kafka_topic_t* topic(std::string_view name);
  void delivered(const rd_kafka_message_t& message);
  static void on_delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<Impl*>(static_cast<Client*>(opaque))->delivered(*message);
  }

  std::map<std::string, TopicHandle, std::less<>> topics;
  QueueHandle queue;
  EventSource events;
  Acknowledgements acknowledgements;
  std::function<Task<void>()> look;
  Clock::time_point looked_at = Clock::now();
  std::optional<Failure> failure;  // a record that will never be written: nothing after it may be either
  bool remembering = false;
  std::unordered_map<std::uint64_t, std::int64_t> offsets;
  std::size_t message_bytes_max = 0;
};

rd_kafka_topic_t* Producer::Impl::topic(std::string_view name) {
  const auto found = topics.find(name);
  if (found != topics.end()) return found->second.get();
  TopicHandle made(rd_kafka_topic_new(get(), std::string(name).c_str(), nullptr));
  if (!made) throw failure_of(rd_kafka_last_error(), "Kafka topic " + std::string(name));
  return topics.emplace(name, std::move(made)).first->second.get();
}

rd_kafka_resp_err_t Producer::Impl::enqueue(const Record& record, void* opaque) {
  const char* key = record.key ? record.key->data() : nullptr;
  const std::size_t key_size = record.key ? record.key->size() : 0;
  // librdkafka copies, and takes the pointer as mutable for those who hand their memory over.
  char* value = const_cast<char*>(record.value.data());
  rd_kafka_topic_t* to = topic(record.topic);
  if (record.headers == nullptr) {
    const int result =
        rd_kafka_produce(to, record.partition, RD_KAFKA_MSG_F_COPY, value, record.value.size(), key, key_size, opaque);
    return result == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
  }
  rd_kafka_headers_t* headers = copy_of(*record.headers);
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      get(), RD_KAFKA_V_RKT(to), RD_KAFKA_V_PARTITION(record.partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(value, record.value.size()), RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);  // still ours then
  return code;
}

bool Producer::Impl::queue_full(const Record& record) {
  if (fail_point_reached("kafka.producer_fatal")) {
    rd_kafka_test_fatal_error(get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "made by a fail point");
  }
  const rd_kafka_resp_err_t code = enqueue(record, opaque_of(acknowledgements.upcoming(), remembering));
  switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: acknowledgements.next(); return false;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL: return true;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      throw Failure(
          ErrorKind::data,
          fmt::format("a record of {} bytes for topic {} exceeds the {} that message.max.bytes allows",
                      record.value.size() + (record.key ? record.key->size() : 0), record.topic, message_bytes_max));
    default:
      serve();  // after a fatal error this knows more than "fatal"
      throw failure_of(code, fmt::format("Kafka topic {}, partition {}", record.topic, record.partition));
  }
}

// Until something was delivered, or for a tick. The caller waits `since` then.
Task<void> Producer::Impl::wait(Clock::time_point since) {
  co_await events.wait();
  const auto now = Clock::now();
  if (!look || now - since < kLongWait || now - looked_at < kLookEvery) co_return;
  looked_at = now;
  co_await look();
}

void Producer::Impl::delivered(const rd_kafka_message_t& message) {
  const auto opaque = reinterpret_cast<std::uintptr_t>(message._private);
  const std::uint64_t sequence = opaque >> 1;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!failure) {
      const std::string where =
          fmt::format("Kafka topic {}, partition {}", rd_kafka_topic_name(message.rkt), message.partition);
      failure = failure_of(message.err, where);  // rd_kafka_message_errstr() would give the record's own value
    }
    return;
  }
  heard();
  if ((opaque & 1) != 0) offsets.emplace(sequence, message.offset);
  acknowledgements.acknowledge(sequence);
}

Producer::Producer(asio::any_io_executor executor, const Cluster& cluster)
    : impl_(std::make_unique<Impl>(std::move(executor), cluster)) {}
Producer::Producer(Producer&&) noexcept = default;
Producer::~Producer() = default;

Task<std::uint64_t> Producer::send(const Record& record) {
  Impl& self = *impl_;
  if (self.failure || self.fatal()) self.serve();
  std::optional<Clock::time_point> since;
  while (self.queue_full(record)) {
    self.serve();
    // What was served may have made room already, and its signal been taken: ask before waiting.
    if (!self.queue_full(record)) break;
    if (!since) since = Clock::now();
    co_await self.wait(*since);
    self.serve();
  }
  const std::uint64_t sequence = self.acknowledgements.upcoming() - 1;
  if (sequence % kSendsPerTurn == 0) {
    self.serve();
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  co_return sequence;
}

Task<void> Producer::flush() {
  Impl& self = *impl_;
  const auto since = Clock::now();
  for (;;) {
    self.serve();
    if (self.acknowledgements.all()) co_return;
    co_await self.wait(since);
  }
}

std::uint64_t Producer::acknowledged_through() const {
  rd_kafka_poll(impl_->get(), 0);  // what has come since; a failure is for send() and flush() to throw
  return impl_->acknowledgements.through();
}

void Producer::while_waiting(std::function<Task<void>()> look) { impl_->look = std::move(look); }

void Producer::remember_offsets(bool on) { impl_->remembering = on; }

std::int64_t Producer::take_offset(std::uint64_t sequence) {
  const auto found = impl_->offsets.find(sequence);
  if (found == impl_->offsets.end()) return -1;
  const std::int64_t offset = found->second;
  impl_->offsets.erase(found);
  return offset;
}

std::size_t Producer::message_bytes_max() const { return impl_->message_bytes_max; }

}  // namespace penstock::kafka
