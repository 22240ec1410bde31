#pragma once
#include "apply/progress.hpp"
#include "apply/target_session.hpp"

namespace penstock::apply {

// One row of penstock.offsets a batch: whole batches, in order, by one applier.
class BatchProgress : public Progress {
 public:
  explicit BatchProgress(TargetSession& session) : session_(session) {}

  void append_fence(RoundTrip& trip, const Piece& piece, const Outcome& outcome) override;
  void append_finish(RoundTrip& trip, const Piece& piece, const Outcome& outcome) override;
  void committed() override { session_.offsets = std::move(next_); }

 private:
  Offsets next_offsets(const Piece& piece, const Outcome& outcome) const;

  TargetSession& session_;
  Offsets next_;
};

}  // namespace penstock::apply
