#include "apply/offsets.hpp"

#include "model/json_text.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

// B unpacks its own JSON: what is written below is read back by column names.
constexpr std::string_view kPositions =
    "select topic, partition, next_offset, epoch, batch, cdc_id, ordinal from jsonb_to_recordset($1::jsonb) as "
    "p (topic text, partition int, next_offset bigint, epoch bigint, batch bigint, cdc_id bigint, ordinal int)";
constexpr std::string_view kBooks =
    "select key, value->'captured', value->'applied', value->'rejected' from jsonb_each($1::jsonb)";

Position position_at(const pg::Result& result, int row, int column) {
  return {Epoch{result.int64(row, column)}, BatchNo{result.int64(row, column + 1)}, result.int64(row, column + 2),
          static_cast<std::int32_t>(result.int64(row, column + 3))};
}

}  // namespace

Task<Offsets> load_offsets(pg::Connection& connection, std::string_view pipeline) {
  Offsets offsets;
  const pg::Result newest = co_await connection.query(sql::target::newest_offsets, pg::Params().add(pipeline));
  if (newest.empty()) co_return offsets;
  offsets.last = BatchId{Epoch{newest.int64(0, 0)}, BatchNo{newest.int64(0, 1)}, Nonce{newest.int64(0, 3)}};
  offsets.step = newest.int64(0, 2);
  offsets.snapshot = newest.text(0, 4);
  offsets.poison = newest.int64(0, 7);

  const pg::Result positions = co_await connection.query(kPositions, pg::Params().add(newest.text(0, 5)));
  for (int row = 0; row < positions.rows(); ++row) {
    offsets.positions.push_back(
        {{std::string(positions.text(row, 0)), static_cast<std::int32_t>(positions.int64(row, 1))},
         positions.int64(row, 2),
         position_at(positions, row, 3)});
  }
  const pg::Result books = co_await connection.query(kBooks, pg::Params().add(newest.text(0, 6)));
  for (int row = 0; row < books.rows(); ++row) {
    offsets.books[std::string(books.text(row, 0))] = {books.int64(row, 1), books.int64(row, 2), books.int64(row, 3)};
  }
  const pg::Result nonces = co_await connection.query(sql::target::recent_nonces, pg::Params().add(pipeline));
  for (int row = 0; row < nonces.rows(); ++row) {
    offsets.recent[{Epoch{nonces.int64(row, 0)}, BatchNo{nonces.int64(row, 1)}}] = Nonce{nonces.int64(row, 2)};
  }
  co_return offsets;
}

std::string positions_json(std::span<const PartitionPosition> positions) {
  std::string out = "[";
  for (const auto& [where, next_offset, highest] : positions) {
    if (next_offset == 0) continue;  // nothing came from there yet
    out.append(out.size() > 1 ? ",{\"topic\":" : "{\"topic\":");
    append_json_string(out, where.topic);
    fmt::format_to(std::back_inserter(out),
                   R"(,"partition":{},"next_offset":{},"epoch":{},"batch":{},"cdc_id":{},"ordinal":{}}})",
                   where.partition, next_offset, static_cast<std::int64_t>(highest.epoch),
                   static_cast<std::int64_t>(highest.batch), highest.cdc_id, highest.ordinal);
  }
  out.push_back(']');
  return out;
}

std::string books_json(const std::map<std::string, Books, std::less<>>& books) {
  std::string out = "{";
  for (const auto& [relation, counts] : books) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, relation);
    fmt::format_to(std::back_inserter(out), R"(:{{"captured":{},"applied":{},"rejected":{}}})", counts.captured,
                   counts.applied, counts.rejected);
  }
  out.push_back('}');
  return out;
}

}  // namespace penstock::apply
