#include "kafka/consumer.hpp"

#include "base/log.hpp"
#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/event_source.hpp"
#include "kafka/helper_thread.hpp"

namespace penstock::kafka {
namespace {

using Clock = std::chrono::steady_clock;

// The mirror is for people: one commit at a time, and not one a batch.
constexpr std::chrono::milliseconds kMirrorPause{100};
// A new consumer has found the group's coordinator by then. A commit without one holds up the consumer's end.
constexpr std::chrono::milliseconds kCoordinatorWithin{30};

PartitionList list_of(std::size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

PartitionList list_of(std::span<const TopicPartition> partitions) {
  PartitionList list = list_of(partitions.size());
  for (const auto& one : partitions) rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition);
  return list;
}

PartitionList list_of(std::span<const TopicPartitionOffset> offsets) {
  PartitionList list = list_of(offsets.size());
  for (const auto& one : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition)->offset = one.offset;
  }
  return list;
}

constexpr std::chrono::milliseconds kJoinWithin{4'000};
constexpr std::chrono::milliseconds kLeaveWithin{1'000};

std::vector<Setting> consumer_settings(Role role, const Cluster& cluster, std::string group) {
  std::vector<Setting> all = settings(role, cluster);
  all.emplace(all.begin(), "group.id", std::move(group));  // first: a broker may allow the user only another name
  return all;
}

}  // namespace

struct Consumer::Impl : Client {
  Impl(Role role, asio::any_io_executor executor, const Cluster& cluster, std::string group)
      : Client(role, consumer_settings(role, cluster, std::move(group)),
               {.delivered = nullptr,
                .committed = &Impl::on_committed,
                .rebalance = role == Role::member ? &Impl::on_rebalance : nullptr}),
        member(role == Role::member) {
    rd_kafka_poll_set_consumer(get());  // one queue for everything: messages, errors, log
    queue.reset(rd_kafka_queue_get_consumer(get()));
    events.emplace(std::move(executor), queue.get());
    wake_every_bytes = number("queued.max.messages.kbytes") * 1024 / 8;
  }
  ~Impl() {
    if (joining) leave_behind();
  }

  std::vector<Message> take(std::size_t messages_max);
  std::size_t pull(std::size_t messages_max);
  void wake_fetchers();
  void refused(const rd_kafka_message_t& message);
  void mirror();
  static void on_committed(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*, void* opaque) {
    static_cast<Impl*>(static_cast<Client*>(opaque))->mirroring = false;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      log::debug("Kafka consumer: group offsets not written: {}", rd_kafka_err2str(code));
  }

  // What is given is added later, once B has said from where; what is taken is given up at once.
  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                           void* opaque) {
    auto& self = *static_cast<Impl*>(static_cast<Client*>(opaque));
    self.joining = false;
    if (!self.moved) self.moved.emplace();
    const bool given = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    if (given) {
      self.moved->given.emplace();
    } else {
      // Given before that and not yet added: the group is to be joined anew.
      if (self.moved->given) self.failure = Failure(ErrorKind::transient, "Kafka took partitions back");
      ErrorHandle(rd_kafka_incremental_unassign(handle, partitions));
    }
    auto& list = given ? *self.moved->given : self.moved->taken;
    for (int i = 0; i < partitions->cnt; ++i) {
      list.push_back({partitions->elems[i].topic, partitions->elems[i].partition});
    }
  }

  const bool member;
  QueueHandle queue;
  std::optional<EventSource> events;
  bool poll_ended = false;
  std::optional<Moved> moved;  // by the group, not asked for yet
  // A member whom the group has given nothing yet, not even no partition. Until then librdkafka 2.0.2 aborts the
  // process when it is closed or destroyed (its issue 4312).
  bool joining = false;
  std::vector<TopicHandle> known;          // librdkafka keeps their leaders in mind as long
  std::vector<rd_kafka_message_t*> taken;  // kept between polls for its memory
  std::optional<Failure> failure;          // what came after messages that are good
  std::set<TopicPartition> taken_from;     // since the fetchers were woken
  std::size_t taken_bytes = 0;
  std::size_t wake_every_bytes = 0;
  std::optional<Clock::time_point> wake_at;  // after resume()
  std::map<TopicPartition, std::int64_t> mirror_next;
  bool mirroring = false;
  Clock::time_point mirrored_at = Clock::now() - kMirrorPause + kCoordinatorWithin;
};

void Consumer::Impl::refused(const rd_kafka_message_t& message) {
  if (is_outage(message.err)) return note(message.err, rd_kafka_message_errstr(&message));
  if (failure) return;
  const std::string what = message.rkt == nullptr
                               ? std::string("Kafka consumer")
                               : fmt::format("Kafka topic {}, partition {}, offset {}",
                                             rd_kafka_topic_name(message.rkt), message.partition, message.offset);
  failure = failure_of(message.err, what, rd_kafka_message_errstr(&message));
}

// Into `taken`. Of a member one at a time: where a batch meets a rebalance, librdkafka 2.0.2 drops what it has counted
// as delivered (its "Known Issue"), and the partition goes on behind the gap.
std::size_t Consumer::Impl::pull(std::size_t messages_max) {
  taken.resize(messages_max);
  if (!member) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue.get(), 0, taken.data(), messages_max);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  std::size_t count = 0;
  while (count < messages_max && !moved && rd_kafka_consume_batch_queue(queue.get(), 0, &taken[count], 1) == 1) ++count;
  return count;
}

std::vector<Message> Consumer::Impl::take(std::size_t messages_max) {
  const std::size_t count = pull(messages_max);
  std::vector<Message> good;
  if (count == 0) return good;
  good.reserve(count);
  const rd_kafka_topic_t* topic = nullptr;  // of the message before
  std::int32_t partition = -1;
  for (std::size_t i = 0; i < count; ++i) {
    Message message(taken[i]);
    if (taken[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      refused(*taken[i]);
    } else if (!failure) {  // what follows a failure is read again after it
      if (taken[i]->rkt != topic || taken[i]->partition != partition) {
        topic = taken[i]->rkt;
        partition = taken[i]->partition;
        taken_from.insert({rd_kafka_topic_name(taken[i]->rkt), taken[i]->partition});
      }
      taken_bytes += taken[i]->len + taken[i]->key_len;
      good.push_back(std::move(message));
    }
  }
  if (taken_bytes >= wake_every_bytes && !taken_from.empty()) wake_fetchers();
  if (!good.empty()) heard();
  return good;
}

// librdkafka 2.0.2 sleeps for up to a second after its queue was full, however soon there is room again: 300,000
// records came at 60,000 a second, with this at 2,800,000. Any request to the partitions' brokers ends the sleep. This
// one waits for nothing: with no time to wait it is sent, and its answer dropped (13 to 30 us).
void Consumer::Impl::wake_fetchers() {
  PartitionList list = list_of(taken_from.size());
  for (const TopicPartition& at : taken_from) {
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = RD_KAFKA_OFFSET_END;
  }
  constexpr int kNoWait = 0;
  rd_kafka_offsets_for_times(get(), list.get(), kNoWait);
  taken_from.clear();
  taken_bytes = 0;
  wake_at.reset();
}

// Not by the Admin API: its request for a group that loses its broker aborts the process (librdkafka 2.0.2, an
// assertion).
void Consumer::Impl::mirror() {
  const auto now = Clock::now();
  if (mirror_next.empty() || mirroring || now - mirrored_at < kMirrorPause) return;
  PartitionList list = list_of(mirror_next.size());
  for (const auto& [at, next] : mirror_next) {
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = next;
  }
  mirrored_at = now;
  mirroring = rd_kafka_commit(get(), list.get(), 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (mirroring) mirror_next.clear();
}

Consumer::Consumer(asio::any_io_executor executor, const Cluster& cluster, std::string group)
    : impl_(std::make_unique<Impl>(Role::consumer, std::move(executor), cluster, std::move(group))) {}
Consumer::Consumer(asio::any_io_executor executor, const Cluster& cluster, std::string group,
                   std::span<const std::string> topics)
    : impl_(std::make_unique<Impl>(Role::member, std::move(executor), cluster, std::move(group))) {
  PartitionList list = list_of(topics.size());
  for (const auto& topic : topics) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(impl_->get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw failure_of(code, "joining the Kafka consumer group");
  impl_->joining = true;
}
Consumer::Consumer(Consumer&&) noexcept = default;
Consumer::~Consumer() = default;

bool Consumer::joining() const { return impl_->joining; }

std::optional<Consumer::Moved> Consumer::take_moved() { return std::exchange(impl_->moved, std::nullopt); }

void Consumer::add(std::span<const TopicPartitionOffset> from) {
  const ErrorHandle refused(rd_kafka_incremental_assign(impl_->get(), list_of(from).get()));
  if (refused) throw failure_of(rd_kafka_error_code(refused.get()), "adding Kafka partitions");
}

void Consumer::rewind(std::span<const TopicPartitionOffset> to) {
  const ErrorHandle refused(rd_kafka_incremental_unassign(impl_->get(), list_of(to).get()));
  if (refused) throw failure_of(rd_kafka_error_code(refused.get()), "rewinding Kafka partitions");
  add(to);
}

Task<void> Consumer::leave() {
  Impl& self = *impl_;
  constexpr std::chrono::milliseconds kPause{5};
  for (const auto deadline = Clock::now() + kJoinWithin; self.joining && Clock::now() < deadline;) {
    self.take(1);
    co_await sleep_for(kPause);
  }
  if (self.joining) co_return;  // the others wait for the end of its session
  // A queue of its own: the consumer's own one is forwarded to it.
  const QueueHandle last(rd_kafka_queue_new(self.get()));
  const ErrorHandle refused(rd_kafka_consumer_close_queue(self.get(), last.get()));
  if (refused) co_return;
  const auto deadline = Clock::now() + kLeaveWithin;
  while (rd_kafka_consumer_closed(self.get()) == 0 && Clock::now() < deadline) {
    rd_kafka_message_t* message = nullptr;
    while (rd_kafka_consume_batch_queue(last.get(), 0, &message, 1) > 0) rd_kafka_message_destroy(message);
    co_await sleep_for(kPause);
  }
}

Task<void> Consumer::find_leaders(std::span<const std::string> topics) {
  constexpr int kWithin_ms = 1'000;
  Impl& self = *impl_;
  for (const std::string& name : topics) {
    self.known.emplace_back(rd_kafka_topic_new(self.get(), name.c_str(), nullptr));
    if (!self.known.back()) throw failure_of(rd_kafka_last_error(), "topic " + name);
  }
  const auto ask = [handle = self.get()] {
    constexpr int kAll = 0;  // but only those that this client knows of
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_metadata(handle, kAll, nullptr, &metadata, kWithin_ms);
    return MetadataHandle(metadata);
  };
  HelperThread helper;
  co_await helper.run(ask);
}

void Consumer::assign(std::span<const TopicPartitionOffset> from) {
  impl_->failure.reset();
  impl_->take_trouble();
  impl_->mirror_next.clear();
  impl_->taken_from.clear();
  const rd_kafka_resp_err_t code = rd_kafka_assign(impl_->get(), list_of(from).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw failure_of(code, "assigning Kafka partitions");
}

Task<std::vector<Message>> Consumer::poll(std::size_t messages_max, std::chrono::milliseconds timeout) {
  Impl& self = *impl_;
  const auto deadline = Clock::now() + timeout;
  self.poll_ended = false;
  for (;;) {
    std::vector<Message> messages = self.take(messages_max);
    self.mirror();
    if (self.moved && !self.failure) co_return messages;
    if (self.wake_at && Clock::now() >= *self.wake_at) self.wake_fetchers();
    if (!messages.empty()) co_return messages;
    if (!self.failure) self.failure = self.take_trouble();
    if (self.failure) throw *std::exchange(self.failure, std::nullopt);
    if (self.fatal()) throw *self.fatal();
    const auto now = Clock::now();
    if (now >= deadline || self.poll_ended) co_return messages;
    const auto until = std::min(deadline, self.wake_at.value_or(deadline));
    co_await self.events->wait(std::max(until - now, Clock::duration::zero()));
  }
}

void Consumer::end_poll() {
  impl_->poll_ended = true;
  impl_->events->end_wait();
}

void Consumer::pause(std::span<const TopicPartition> partitions) {
  rd_kafka_pause_partitions(impl_->get(), list_of(partitions).get());
}

void Consumer::resume(std::span<const TopicPartition> partitions) {
  rd_kafka_resume_partitions(impl_->get(), list_of(partitions).get());
  // The fetcher would find out within a second. librdkafka's main thread must have heard first, which takes no
  // millisecond.
  constexpr std::chrono::milliseconds kHeard{2};
  impl_->taken_from.insert(partitions.begin(), partitions.end());
  impl_->wake_at = Clock::now() + kHeard;
}

void Consumer::mirror_offsets(std::span<const TopicPartitionOffset> next) {
  for (const auto& one : next) impl_->mirror_next[{one.topic, one.partition}] = one.offset;
  impl_->mirror();
}

}  // namespace penstock::kafka
