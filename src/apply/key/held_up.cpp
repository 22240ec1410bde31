#include "apply/key/held_up.hpp"

#include "base/log.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

constexpr std::chrono::seconds kSayAfter{10};

}  // namespace

Task<bool> others_lag(KeySession& session, kafka::Admin& admin, const Unit& unit) {
  const PartitionMove& move = unit.moves.front();
  std::map<kafka::TopicPartition, kafka::Watermarks> watermarks;
  const auto frozen = session.ends_to_wait_for.find(move.partition);
  if (frozen != session.ends_to_wait_for.end()) {
    watermarks = frozen->second;
  } else {
    watermarks = co_await admin.watermarks(session.partitions.all());
    // A batch is wholly in Kafka once there is a later one.
    const auto newest = session.assembler.newest();
    const bool whole = newest && *newest > std::pair(move.to.highest.epoch, move.to.highest.batch);
    if (whole) session.ends_to_wait_for.emplace(move.partition, watermarks);
  }
  const pg::Result rows = co_await session.target->connection().query(sql::target::newest_partition_offsets,
                                                                      pg::Params::of(session.pipeline));
  constexpr int kAge = 16;
  for (int row = 0; row < rows.rows(); ++row) {
    const kafka::TopicPartition where{std::string(rows.text(row, 0)), static_cast<std::int32_t>(rows.int64(row, 1))};
    const auto there = watermarks.find(where);
    const bool same = where == session.partitions.all()[move.partition];
    if (same || there == watermarks.end() || rows.int64(row, 2) >= there->second.high) continue;
    if (std::chrono::duration<double>(std::stod(std::string(rows.text(row, kAge)))) < kPatience) co_return true;
  }
  co_return false;
}

void say_held_up(KeySession& session, const Unit& unit, KeySession::Clock::time_point since, const pg::Error& error) {
  const std::size_t partition = unit.moves.front().partition;
  auto& said = session.said_held_up[partition];
  if (KeySession::Clock::now() - since < kSayAfter || said == since) return;
  said = since;
  const auto& where = session.partitions.all()[partition];
  log::warn(
      "apply: {} of topic {}, partition {}, has been waiting for {} s for what other partitions or tables bring: {}",
      unit.truncate ? "TRUNCATE" : "a row", where.topic, where.partition, kSayAfter.count(), error.what());
}

}  // namespace penstock::apply
