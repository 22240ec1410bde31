#include "kafka/topic_ends.hpp"

#include <chrono>

#include "base/error.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "model/envelope_reader.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTimeout = 10s;
constexpr auto kPoll = 100ms;
constexpr std::size_t kMessages = 1'000;

std::optional<BatchLink> link_of(const Message& message, const TableTopic& of, EnvelopeReader& reader) {
  const auto read = reader.read(message.value());
  const auto* decoded = std::get_if<DecodedEnvelope>(&read);
  if (decoded == nullptr) return std::nullopt;
  const Envelope& envelope = decoded->envelope;
  const bool ours = envelope.relation_schema == of.schema && envelope.relation_table == of.table;
  if (!ours && envelope.op != Op::mark) return std::nullopt;
  return BatchLink{envelope.position.epoch, envelope.position.batch, envelope.nonce, envelope.previous};
}

class Ends {
 public:
  Ends(std::span<const TableTopic> tables, const std::map<TopicPartition, Watermarks>& marks) {
    for (const auto& table : tables) {
      for (std::int32_t p = 0; p < table.partitions; ++p) add(table, {table.topic, p}, marks.at({table.topic, p}));
    }
  }

  // Reads on until the last record of each was there.
  Task<void> read(Consumer& consumer) {
    if (last_records_.empty()) co_return;
    consumer.assign(last_records_);
    const auto deadline = Clock::now() + kTimeout;
    std::set<std::size_t> seen;
    while (seen.size() < last_records_.size()) {
      if (Clock::now() > deadline) {
        throw Failure(ErrorKind::transient, "Kafka: the last records of the topics do not come");
      }
      const std::vector<Message> messages = co_await consumer.poll(kMessages, kPoll);
      for (const Message& message : messages) {
        const std::size_t place = places_.at({std::string(message.topic()), message.partition()});
        // Records that came since are the next look's.
        if (seen.insert(place).second) ends_[place].last = link_of(message, *tables_[place], reader_);
      }
    }
  }

  std::vector<TopicEnd> take() { return std::move(ends_); }

 private:
  void add(const TableTopic& table, const TopicPartition& where, const Watermarks& mark) {
    places_.emplace(where, ends_.size());
    ends_.push_back({where, mark.high, std::nullopt});
    tables_.push_back(&table);
    if (mark.high > mark.low) last_records_.push_back({where.topic, where.partition, mark.high - 1});
  }

  std::vector<TopicEnd> ends_;
  std::vector<const TableTopic*> tables_;  // of each end
  std::map<TopicPartition, std::size_t> places_;
  std::vector<TopicPartitionOffset> last_records_;
  EnvelopeReader reader_;
};

}  // namespace

Task<std::vector<TopicEnd>> read_topic_ends(const Cluster& cluster, const std::string& group,
                                            std::span<const TableTopic> tables) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::vector<TopicPartition> partitions;
  std::vector<std::string> topics;
  for (const auto& table : tables) {
    topics.push_back(table.topic);
    for (std::int32_t p = 0; p < table.partitions; ++p) partitions.push_back({table.topic, p});
  }
  Admin admin(executor, cluster);
  const auto marks = co_await admin.watermarks(partitions);
  Ends ends(tables, marks);
  Consumer consumer(executor, cluster, group);
  co_await consumer.find_leaders(topics);
  try {
    co_await ends.read(consumer);
  } catch (const Failure& failure) {
    // Retention took the last record between the two looks: look again.
    if (failure.kind() == ErrorKind::safety) throw Failure(ErrorKind::transient, failure.what());
    throw;
  }
  co_return ends.take();
}

}  // namespace penstock::kafka
