#include "apply/key/partition_state.hpp"

#include <algorithm>

#include "model/json_text.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

template <class... Numbers>
void append_numbers(std::string& out, std::string_view format, Numbers... numbers) {
  fmt::format_to(std::back_inserter(out), fmt::runtime(format), static_cast<std::int64_t>(numbers)...);
}

std::string chain_json(const Nonces& chain) {
  std::string out = "[";
  for (const auto& [number, nonce] : chain) {
    append_numbers(out, out.size() > 1 ? ",[{},{},{}]" : "[{},{},{}]", number.first, number.second, nonce);
  }
  return out + "]";
}

void append_partition(std::string& out, const kafka::TopicPartition& where) {
  out.append(out.size() > 1 ? ",{\"topic\":" : "{\"topic\":");
  append_json_string(out, where.topic);
  append_numbers(out, ",\"partition\":{}", where.partition);
}

void append_move(std::string& out, const PartitionMove& move, const kafka::TopicPartition& where) {
  const PartitionState& to = move.to;
  append_partition(out, where);
  append_numbers(out, R"(,"first_offset":{},"next_offset":{},"epoch":{},"batch":{},"cdc_id":{},"ordinal":{})",
                 move.from.next_offset, to.next_offset, to.highest.epoch, to.highest.batch, to.highest.cdc_id,
                 to.highest.ordinal);
  append_numbers(out, R"(,"nonce":{},"count":{},"taken":{},"applied":{},"rejected":{},"poison":{})", to.nonce, to.count,
                 to.taken, to.applied, to.rejected, to.poison);
  out.append(to.ended ? R"(,"ended":true,"last_record":)" : R"(,"ended":false,"last_record":)");
  append_json_string(out, *to.last_record);
  out.append(",\"snapshot\":");
  append_json_string(out, to.snapshot);
  out.append(",\"chain\":").append(chain_json(move.chain)).push_back('}');
}

}  // namespace

void PartitionState::advance(const Record& record, bool duplicate) {
  next_offset = record.offset + 1;
  last_record = identity_of(record);
  if (!record.poison.empty()) {
    ++poison;
    return;
  }
  if (duplicate) return;
  const bool same_batch = record.position.epoch == highest.epoch && record.position.batch == highest.batch;
  count = same_batch ? count + 1 : 1;
  highest = record.position;
  nonce = record.nonce;
  ended = record.end != nullptr;
  if (record.end) snapshot = record.end->snapshot;
  if (record.is_row()) ++taken;
}

std::string identity_of(const Record& record) {
  std::string out;
  if (!record.poison.empty()) return out;
  append_numbers(out, "{}/{}/{}/{}/{}", record.position.epoch, record.position.batch, record.position.cdc_id,
                 record.position.ordinal, record.nonce);
  return out;
}

Task<std::map<kafka::TopicPartition, PartitionState>> load_partition_states(pg::Connection& connection,
                                                                            std::string_view pipeline) {
  std::map<kafka::TopicPartition, PartitionState> states;
  const pg::Result rows = co_await connection.query(sql::target::newest_partition_offsets, pg::Params().add(pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    PartitionState& state = states[{std::string(rows.text(row, 0)), static_cast<std::int32_t>(rows.int64(row, 1))}];
    state.next_offset = rows.int64(row, 2);
    state.highest = {Epoch{rows.int64(row, 3)}, BatchNo{rows.int64(row, 4)}, rows.int64(row, 5),
                     static_cast<std::int32_t>(rows.int64(row, 6))};
    state.nonce = Nonce{rows.int64(row, 7)};
    state.count = rows.int64(row, 8);
    state.ended = rows.boolean(row, 9);
    if (!rows.is_null(row, 10)) state.last_record = rows.text(row, 10);
    state.snapshot = rows.text(row, 11);
    state.taken = rows.int64(row, 12);
    state.applied = rows.int64(row, 13);
    state.rejected = rows.int64(row, 14);
    state.poison = rows.int64(row, 15);
  }
  co_return states;
}

Task<Nonces> load_partition_nonces(pg::Connection& connection, std::string_view pipeline) {
  Nonces nonces;
  const pg::Result rows = co_await connection.query(sql::target::partition_nonces, pg::Params().add(pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    nonces[{Epoch{rows.int64(row, 0)}, BatchNo{rows.int64(row, 1)}}] = Nonce{rows.int64(row, 2)};
  }
  co_return nonces;
}

std::string moves_json(std::span<const PartitionMove> moves, const std::vector<kafka::TopicPartition>& numbering) {
  std::string out = "[";
  for (const auto& move : moves) append_move(out, move, numbering[move.partition]);
  return out + "]";
}

std::string trimmed_json(const std::map<kafka::TopicPartition, std::int64_t>& trimmed) {
  std::string out = "[";
  for (const auto& [where, offset] : trimmed) {
    append_partition(out, where);
    append_numbers(out, ",\"trimmed\":{}}}", offset);
  }
  return out + "]";
}

}  // namespace penstock::apply
