#pragma once
#include "apply/key/key_assembler.hpp"
#include "apply/progress.hpp"
#include "apply/target_session.hpp"

namespace penstock::apply {

// One row of penstock.partition_offsets a unit and partition: partitions that move independently.
class PartitionProgress : public Progress {
 public:
  PartitionProgress(TargetSession& session, const Partitions& partitions)
      : session_(session), partitions_(partitions) {}

  // The unit that is applied next. Its moves get their counts when it is committed.
  void begin(Unit& unit) { unit_ = &unit; }

  void append_fence(RoundTrip& trip, const Piece& piece, const Outcome& outcome) override;
  void append_finish(RoundTrip& trip, const Piece& piece, const Outcome& outcome) override;
  void committed() override;

 private:
  std::vector<PartitionMove> moves_with(const Outcome& outcome) const;
  void append_truncate_guard(RoundTrip& trip, const Piece& piece) const;

  TargetSession& session_;
  const Partitions& partitions_;
  Unit* unit_ = nullptr;
  Outcome outcome_;  // as appended last
};

}  // namespace penstock::apply
