#include "apply/rejects/dead_letters.hpp"

#include "base/error.hpp"
#include "kafka/admin.hpp"

namespace penstock::apply {
namespace {

// Kafka Connect's names of the stages, for tools made for its dead-letter queues.
std::string connect_stage(Stage stage) {
  switch (stage) {
    case Stage::decode: return "VALUE_CONVERTER";
    case Stage::rule: return "TRANSFORMATION";
    default: return "TASK_PUT";
  }
}

std::string position_text(const Position& position) {
  return fmt::format("{}/{}/{}/{}", static_cast<std::int64_t>(position.epoch),
                     static_cast<std::int64_t>(position.batch), position.cdc_id, position.ordinal);
}

std::size_t size_of(const kafka::Headers& headers) {
  std::size_t size = 0;
  for (const auto& [name, value] : headers) size += name.size() + value.size() + 10;
  return size;
}

}  // namespace

Task<std::vector<DeadLetters::Sent>> DeadLetters::send(std::span<const Reject> rejects) {
  if (rejects.empty()) co_return std::vector<Sent>{};
  if (!producer_) {
    producer_ = std::make_unique<kafka::Producer>(co_await asio::this_coro::executor, cluster_);
    producer_->remember_offsets(true);
    producer_->while_waiting([this] { return refuse_missing_topic(); });
  }
  // On any failure the producer is given up: what it has queued must not arrive beside what is sent again.
  std::unique_ptr<kafka::Producer> producer = std::move(producer_);
  std::vector<Sent> sent;
  std::optional<Failure> failed;
  try {
    sent = co_await send_through(*producer, rejects);
  } catch (const Failure& failure) {
    if (failure.kind() != ErrorKind::setup) throw;
    failed = failure;
  }
  if (failed) {
    co_await refuse_missing_topic();
    throw *failed;
  }
  producer_ = std::move(producer);
  co_return sent;
}

// Nothing that B lacks is gone with it, so that waiting is enough.
Task<void> DeadLetters::refuse_missing_topic() const {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster_);
  const std::vector<std::string> ours{topic_};
  const std::optional<std::string> gone = co_await admin.gone(ours);
  if (!gone) co_return;
  throw Failure(ErrorKind::setup, fmt::format("the dead-letter topic {} is gone (its letters with it; the ledger on B "
                                              "still knows the rejects): `penstock migrate` makes it again",
                                              topic_));
}

Task<std::vector<DeadLetters::Sent>> DeadLetters::send_through(kafka::Producer& producer,
                                                               std::span<const Reject> rejects) {
  std::vector<std::uint64_t> sequences;
  sequences.reserve(rejects.size());
  for (const auto& reject : rejects) {
    const std::uint64_t sequence = co_await send_one(producer, reject);
    sequences.push_back(sequence);
  }
  co_await producer.flush();
  std::vector<Sent> sent;
  for (const std::uint64_t sequence : sequences) sent.push_back({0, producer.take_offset(sequence)});
  co_return sent;
}

Task<std::uint64_t> DeadLetters::send_one(kafka::Producer& producer, const Reject& reject) {
  kafka::Headers headers = headers_of(reject);
  kafka::Producer::Record letter;
  letter.topic = topic_;
  letter.partition = 0;
  letter.key = reject.record->message.key();
  letter.value = reject.record->message.value();
  letter.headers = &headers;
  // The headers come on top of a value that filled its message already: it would never fit. Position and key say
  // where the value is.
  bool too_large =
      letter.value.size() + letter.key.value_or("").size() + size_of(headers) + 512 > producer.message_bytes_max();
  if (!too_large) {
    try {
      co_return co_await producer.send(letter);
    } catch (const Failure& failure) {
      if (failure.kind() != ErrorKind::data) throw;
      too_large = true;  // the broker's own limit is lower than we know
    }
  }
  headers = headers_of(reject);
  headers.emplace_back("penstock.value_left_out", std::to_string(letter.value.size()) + " bytes");
  letter.value = {};
  const bool key_fits = letter.key.value_or("").size() + size_of(headers) + 512 <= producer.message_bytes_max();
  if (!key_fits) letter.key.reset();
  co_return co_await producer.send(letter);
}

kafka::Headers DeadLetters::headers_of(const Reject& reject) const {
  const Record& record = *reject.record;
  const std::string topic(record.message.topic());
  const std::string partition = std::to_string(record.message.partition());
  const std::string offset = std::to_string(record.message.offset());
  kafka::Headers headers = record.message.headers();
  headers.emplace_back("penstock.pipeline", pipeline_);
  headers.emplace_back("penstock.stage", to_string(reject.stage));
  if (!reject.rule.empty())
    headers.emplace_back(reject.stage == Stage::rule ? "penstock.rule" : "penstock.constraint", reject.rule);
  if (!reject.sqlstate.empty()) headers.emplace_back("penstock.sqlstate", reject.sqlstate);
  headers.emplace_back("penstock.message", reject.message);
  headers.emplace_back("penstock.origin.topic", topic);
  headers.emplace_back("penstock.origin.partition", partition);
  headers.emplace_back("penstock.origin.offset", offset);
  if (reject.stage != Stage::decode) headers.emplace_back("penstock.position", position_text(record.position));
  headers.emplace_back("__connect.errors.topic", topic);
  headers.emplace_back("__connect.errors.partition", partition);
  headers.emplace_back("__connect.errors.offset", offset);
  headers.emplace_back("__connect.errors.connector.name", "penstock " + pipeline_);
  headers.emplace_back("__connect.errors.task.id", "0");
  headers.emplace_back("__connect.errors.stage", connect_stage(reject.stage));
  headers.emplace_back("__connect.errors.class.name", "penstock.apply");
  headers.emplace_back("__connect.errors.exception.class.name",
                       "penstock.reject." + std::string(to_string(reject.stage)));
  headers.emplace_back("__connect.errors.exception.message", reject.message);
  return headers;
}

}  // namespace penstock::apply
