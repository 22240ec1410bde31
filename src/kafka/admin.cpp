#include "kafka/admin.hpp"

#include <set>

#include "kafka/client.hpp"
#include "kafka/errors.hpp"
#include "kafka/event_source.hpp"
#include "kafka/helper_thread.hpp"

namespace penstock::kafka {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTimeout{10'000};
constexpr std::chrono::milliseconds kSureWithin{3'000};  // so long nobody knows a topic that is gone
constexpr std::chrono::milliseconds kQuestion{1'000};  // one blocking question; a cancellation waits at most this long

// Waiting may help within the timeout: the broker is starting, or a partition has no leader for the moment.
bool passing(rd_kafka_resp_err_t code) { return is_outage(code) || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT; }

void check_topics(const rd_kafka_topic_result_t* const* results, std::size_t count, rd_kafka_resp_err_t harmless,
                  const char* doing, std::vector<std::string>* done) {
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
    const char* name = rd_kafka_topic_result_name(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && done != nullptr) done->emplace_back(name);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == harmless) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    Failure failure = failure_of(code, fmt::format("{} topic {}", doing, name), text == nullptr ? "" : text);
    // An answer, though unknown to us by its code, is a refusal; only a silent broker is worth trying again.
    if (failure.transient() && !passing(code)) failure = Failure(ErrorKind::setup, failure.what());
    throw failure;
  }
}

std::string asking(const TopicPartition& at) {
  return fmt::format("asking for the offsets of topic {}, partition {}", at.topic, at.partition);
}

NewTopicHandle new_topic(const TopicSpec& spec) {
  std::array<char, 512> text{};
  constexpr int kReplicationOfBroker = -1;
  NewTopicHandle topic(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, kReplicationOfBroker, text.data(), text.size()));
  if (!topic) throw Failure(ErrorKind::usage, fmt::format("topic {}: {}", spec.name, text.data()));
  for (const auto& [name, value] : spec.config) rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  return topic;
}

}  // namespace

struct Admin::Impl : Client {
  Impl(asio::any_io_executor on, const Cluster& cluster)
      : Client(Role::admin, settings(Role::admin, cluster), {.delivered = nullptr, .committed = nullptr}),
        executor(std::move(on)) {}

  // Errors and the log.
  void serve() {
    rd_kafka_poll(get(), 0);
    if (const std::optional<Failure> trouble = take_trouble()) throw *trouble;
  }
  // Asks by `ask(options, queue)`, waits for the answer. Throws Failure(transient) when there is none in time.
  template <class Ask>
  Task<EventHandle> answer(rd_kafka_admin_op_t operation, const char* doing, Ask ask);
  // What the brokers say of a topic, asked once.
  struct Known {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    int partitions = 0;
  };
  Task<Known> ask_for(const std::string& name);
  // Partitions of a topic; nullopt: there is none.
  Task<std::optional<int>> partitions(const std::string& name);
  // The first or the next offset (RD_KAFKA_OFFSET_BEGINNING, _END) of each.
  Task<std::map<TopicPartition, std::int64_t>> offsets(std::int64_t which,
                                                       const std::vector<TopicPartition>& partitions);
  // Asked once; what was answered goes to `found`. An error where something was not.
  Task<rd_kafka_resp_err_t> ask_for_offsets(std::int64_t which, const std::set<TopicPartition>& partitions,
                                            std::map<TopicPartition, std::int64_t>& found);

  asio::any_io_executor executor;
  HelperThread helper;  // gone before the client it asks
};

template <class Ask>
Task<EventHandle> Admin::Impl::answer(rd_kafka_admin_op_t operation, const char* doing, Ask ask) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(get(), operation));
  std::array<char, 256> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(kTimeout.count()), text.data(),
                                            text.size());
  QueueHandle queue(rd_kafka_queue_new(get()));
  EventSource events(executor, queue.get());
  ask(options.get(), queue.get());
  for (;;) {
    serve();
    EventHandle event(rd_kafka_queue_poll(queue.get(), 0));
    if (!event) {
      co_await events.wait();
      continue;
    }
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      std::string detail = rd_kafka_event_error_string(event.get());
      if (is_outage(code) && !complaint().empty()) detail += "; " + complaint();
      throw failure_of(code, doing, detail);
    }
    heard();
    co_return event;
  }
}

Task<Admin::Impl::Known> Admin::Impl::ask_for(const std::string& name) {
  TopicHandle topic(rd_kafka_topic_new(get(), name.c_str(), nullptr));
  if (!topic) throw failure_of(rd_kafka_last_error(), "topic " + name);
  const rd_kafka_metadata_t* metadata = nullptr;
  auto ask = [handle = get(), topic = topic.get(), &metadata] {
    return rd_kafka_metadata(handle, 0, topic, &metadata, static_cast<int>(kQuestion.count()));
  };
  Known known;
  known.code = co_await helper.run(ask);
  const MetadataHandle owner(metadata);
  serve();
  if (known.code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
    known = {metadata->topics[0].err, metadata->topics[0].partition_cnt};
  }
  co_return known;
}

Task<std::optional<int>> Admin::Impl::partitions(const std::string& name) {
  const auto deadline = Clock::now() + kTimeout;
  for (;;) {
    const Known known = co_await ask_for(name);
    if (known.code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) co_return std::nullopt;
    if (known.code == RD_KAFKA_RESP_ERR_NO_ERROR) co_return known.partitions;
    if (!passing(known.code) || Clock::now() >= deadline) throw failure_of(known.code, "describing topic " + name);
    co_await sleep_for(EventSource::kTick);
  }
}

Admin::Admin(asio::any_io_executor executor, const Cluster& cluster)
    : impl_(std::make_unique<Impl>(std::move(executor), cluster)) {}
Admin::Admin(Admin&&) noexcept = default;
Admin::~Admin() = default;

Task<std::vector<std::string>> Admin::create_topics(const std::vector<TopicSpec>& topics) {
  std::vector<std::string> created;
  if (topics.empty()) co_return created;
  std::vector<NewTopicHandle> owners;
  std::vector<rd_kafka_NewTopic_t*> pointers;
  for (const TopicSpec& spec : topics) pointers.push_back(owners.emplace_back(new_topic(spec)).get());
  auto ask = [this, &pointers](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(impl_->get(), pointers.data(), pointers.size(), options, queue);
  };
  const EventHandle event = co_await impl_->answer(RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topics", ask);
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  check_topics(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "creating", &created);
  // The controller answers before every broker has heard: whoever describes the topic next must find it.
  for (const std::string& name : created) {
    const auto deadline = Clock::now() + kTimeout;
    for (;;) {
      const std::optional<int> partitions = co_await impl_->partitions(name);
      if (partitions || Clock::now() >= deadline) break;
      co_await sleep_for(EventSource::kTick);
    }
  }
  co_return created;
}

Task<std::optional<TopicDescription>> Admin::describe_topic(const std::string& name) {
  // The configuration first: a broker may create a topic whose metadata a producer asks for.
  ConfigResourceHandle resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  rd_kafka_ConfigResource_t* pointer = resource.get();
  auto ask = [this, &pointer](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(impl_->get(), &pointer, 1, options, queue);
  };
  const EventHandle event = co_await impl_->answer(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describing topics", ask);
  std::size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) throw Failure(ErrorKind::transient, "describing topic " + name + ": no answer about it");
  const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resources[0]);
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) co_return std::nullopt;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw failure_of(code, "describing topic " + name);
  const std::optional<int> partitions = co_await impl_->partitions(name);
  if (!partitions) co_return std::nullopt;  // deleted since
  TopicDescription description;
  description.partitions = *partitions;
  const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    description.config.emplace(rd_kafka_ConfigEntry_name(entries[i]), value == nullptr ? "" : value);
  }
  co_return description;
}

Task<std::optional<int>> Admin::partition_count(const std::string& name) {
  const std::optional<int> count = co_await impl_->partitions(name);
  co_return count;
}

Task<std::optional<std::string>> Admin::gone(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto deadline = Clock::now() + kSureWithin;
    for (;;) {
      const Impl::Known known = co_await impl_->ask_for(name);
      if (is_outage(known.code)) co_return std::nullopt;
      if (known.code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) break;
      if (Clock::now() >= deadline) co_return name;
      co_await sleep_for(EventSource::kTick);
    }
  }
  co_return std::nullopt;
}

Task<void> Admin::delete_topics(const std::vector<std::string>& names) {
  if (names.empty()) co_return;
  std::vector<DeleteTopicHandle> owners;
  std::vector<rd_kafka_DeleteTopic_t*> pointers;
  for (const auto& name : names) pointers.push_back(owners.emplace_back(rd_kafka_DeleteTopic_new(name.c_str())).get());
  auto ask = [this, &pointers](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(impl_->get(), pointers.data(), pointers.size(), options, queue);
  };
  const EventHandle event = co_await impl_->answer(RD_KAFKA_ADMIN_OP_DELETETOPICS, "deleting topics", ask);
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  check_topics(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "deleting", nullptr);
}

// Not by rd_kafka_query_watermark_offsets: librdkafka 2.0.2 goes on asking a broker that is not the leader any more for
// a minute, whatever time it was given.
Task<rd_kafka_resp_err_t> Admin::Impl::ask_for_offsets(std::int64_t which, const std::set<TopicPartition>& partitions,
                                                       std::map<TopicPartition, std::int64_t>& found) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& at : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = which;
  }
  auto ask = [handle = get(), asked = list.get()] {
    return rd_kafka_offsets_for_times(handle, asked, static_cast<int>(kQuestion.count()));
  };
  rd_kafka_resp_err_t code = co_await helper.run(ask);
  serve();
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && one.err == RD_KAFKA_RESP_ERR_NO_ERROR && one.offset >= 0) {
      found.emplace(TopicPartition{one.topic, one.partition}, one.offset);
    }
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && found.size() < partitions.size()) code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) code = list->elems[i].err;
  }
  co_return code;
}

Task<std::map<TopicPartition, std::int64_t>> Admin::Impl::offsets(std::int64_t which,
                                                                  const std::vector<TopicPartition>& partitions) {
  const auto deadline = Clock::now() + kTimeout;
  std::map<TopicPartition, std::int64_t> found;
  std::set<TopicPartition> left(partitions.begin(), partitions.end());
  for (;;) {
    std::map<TopicPartition, std::int64_t> answers;
    const rd_kafka_resp_err_t code = co_await ask_for_offsets(which, left, answers);
    for (const auto& [at, offset] : answers) left.erase(at);
    found.merge(answers);
    if (left.empty()) co_return found;
    // "No leader known" and "no such partition" look alike from here. The question tells librdkafka who leads now, too.
    std::map<std::string, int> counts;
    for (const auto& at : left) {
      if (!counts.contains(at.topic)) {
        const std::optional<int> count = co_await this->partitions(at.topic);
        counts.emplace(at.topic, count.value_or(0));
      }
      if (at.partition >= counts[at.topic]) throw failure_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, asking(at));
    }
    if (Clock::now() >= deadline) throw failure_of(code, asking(*left.begin()));
    co_await sleep_for(EventSource::kTick);
  }
}

Task<std::map<TopicPartition, Watermarks>> Admin::watermarks(const std::vector<TopicPartition>& partitions) {
  std::map<TopicPartition, Watermarks> all;
  if (partitions.empty()) co_return all;
  const auto low = co_await impl_->offsets(RD_KAFKA_OFFSET_BEGINNING, partitions);
  const auto high = co_await impl_->offsets(RD_KAFKA_OFFSET_END, partitions);
  for (const TopicPartition& at : partitions) all.emplace(at, Watermarks{low.at(at), high.at(at)});
  co_return all;
}

}  // namespace penstock::kafka
