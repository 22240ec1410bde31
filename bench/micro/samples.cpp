#include "micro/samples.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <spdlog/fmt/fmt.h>

#include "base/check.hpp"
#include "capture/change_cursor.hpp"
#include "harness/employees.hpp"
#include "model/envelope_writer.hpp"
#include "model/json_text.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kJournalRow = 256;  // changes
constexpr char kSeparator = 0x1E;
constexpr const char* kTopic = "hr.public.employee";

std::vector<apply::TableSpec> employee_alone() {
  apply::TableSpec table;
  table.relation = table.target = "public.employee";
  table.source_schema = "public";
  table.source_table = "employee";
  table.key = {"emp_id"};
  table.topic = kTopic;
  return {table};
}

// As row_to_json writes it.
std::string image_of(std::size_t number) {
  const Employee e = make_employee(number);
  return fmt::format(R"({{"emp_id":{},"first_name":"{}","last_name":"{}","dob":"{}","city":"{}","salary":{}}})",
                     number + 1, e.first_name, e.last_name, e.dob, e.city, e.salary);
}

void set(PGresult* result, int row, int column, std::string text) {
  PENSTOCK_CHECK(PQsetvalue(result, row, column, text.data(), static_cast<int>(text.size())) == 1);
}

// The columns that sql/source/next_batch.sql returns of the journal.
pg::Result journal_of(const std::vector<std::string>& images) {
  std::array<std::string, 8> names{"cdc_id", "txid", "changed_at", "relation", "action", "n", "old_rows", "new_rows"};
  std::array<PGresAttDesc, 8> columns{};
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].name = names[i].data();
  PGresult* result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  pg::Result owner(result);
  PENSTOCK_CHECK(PQsetResultAttrs(result, static_cast<int>(columns.size()), columns.data()) == 1);
  int row = 0;
  for (std::size_t first = 0; first < images.size(); first += kJournalRow, ++row) {
    const std::size_t end = std::min(images.size(), first + kJournalRow);
    std::string text = images[first];
    for (std::size_t i = first + 1; i < end; ++i) text.append(1, kSeparator).append(images[i]);
    set(result, row, 0, std::to_string(4'711'000 + row));
    set(result, row, 1, "1234567");
    set(result, row, 2, "1767225600000");
    set(result, row, 3, "public.employee");
    set(result, row, 4, "insert");
    set(result, row, 5, std::to_string(end - first));
    PENSTOCK_CHECK(PQsetvalue(result, row, 6, nullptr, -1) == 1);
    set(result, row, 7, std::move(text));
  }
  return owner;
}

}  // namespace

Samples::Samples()
    : tables_(employee_alone()),
      header_{Epoch{1}, BatchNo{305}, Nonce{-8'234'987'234'987'123}, Nonce{3'987'239'847'239'871}, "12345:12345:", {}},
      partitions_(tables_),
      client_(test::kafka_client(RD_KAFKA_PRODUCER, {{"log_level", "3"}})),
      topic_(rd_kafka_topic_new(client_.get(), kTopic, nullptr)) {
  for (std::size_t i = 0; i < kChanges; ++i) images_.push_back(image_of(i));
  journal_ = journal_of(images_);
  capture::ChangeCursor cursor(journal_, 0);
  for (Change change; cursor.next(change);) changes_.push_back(change);
  PENSTOCK_CHECK(changes_.size() == kChanges);
  const KeyExtractor key(tables_[0].key);
  EnvelopeWriter writer("emp", "hr");
  for (const Change& change : changes_) {
    PENSTOCK_CHECK(key.append_key(keys_.emplace_back(), change.image));
    const std::size_t end_at = writer.append(values_.emplace_back(), envelope(change));
    if (values_.size() < kChanges) continue;
    constexpr auto kAll = static_cast<std::int64_t>(kChanges);
    writer.insert_end(values_.back(), end_at,
                      {kAll, kAll, header_.snapshot, {{"public.employee", kAll}}, {{kTopic, 0, kAll}}});
  }
}

Envelope Samples::envelope(const Change& change) const {
  Envelope e;
  e.op = change.op;
  e.position = {header_.epoch, header_.number, change.cdc_id, change.ordinal};
  e.nonce = header_.nonce;
  e.previous = header_.previous;
  e.relation_schema = tables_[0].source_schema;
  e.relation_table = tables_[0].source_table;
  e.txid = change.txid;
  e.ts_ms = change.ts_ms;
  e.after = change.image;
  return e;
}

// Only librdkafka can free a message, and it frees none but its own: so these stay for as long as the process.
Samples::~Samples() {
  static auto* const kept = new std::vector<kafka::Message>();
  for (apply::Record& record : records_) messages_.push_back(std::move(record.message));
  for (kafka::Message& message : messages_) kept->push_back(std::move(message));
}

// As they come from a consumer, with nothing in between: what reads them reads these fields.
void Samples::fill_messages() {
  for (std::size_t i = 0; i < kChanges; ++i) {
    rd_kafka_message_t& one = filled_.emplace_back();
    one.rkt = topic_.get();
    one.payload = values_[i].data();
    one.len = values_[i].size();
    one.key = keys_[i].data();
    one.key_len = keys_[i].size();
    one.offset = static_cast<std::int64_t>(i);
    messages_.emplace_back(&one);
  }
}

std::vector<kafka::Message>& Samples::messages() {
  PENSTOCK_CHECK(records_.empty());  // who lent the records has the messages
  if (messages_.empty()) fill_messages();
  return messages_;
}

std::vector<apply::Record>& Samples::records() {
  if (!records_.empty()) return records_;
  apply::RecordDecoder decoder(tables_, partitions_);
  for (kafka::Message& message : messages()) {
    records_.push_back(decoder.decode(std::move(message)));
    PENSTOCK_CHECK(records_.back().poison.empty());
  }
  return records_;
}

}  // namespace penstock::bench
