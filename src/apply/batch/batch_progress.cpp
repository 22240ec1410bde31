#include "apply/batch/batch_progress.hpp"

namespace penstock::apply {

Offsets BatchProgress::next_offsets(const Piece& piece, const Outcome& outcome) const {
  const Offsets& last = session_.offsets;
  Offsets next = last;
  next.recent.clear();  // the assembler keeps them
  next.last = piece.id;
  next.step = piece.of_batch ? 0 : last.step + 1;
  next.positions = piece.positions;
  next.poison += outcome.poison;
  for (const auto& [table, tally] : outcome.tallies) {
    Books& books = next.books[session_.tables()[table].spec().relation];
    books.applied += tally.applied;
    books.rejected += tally.rejected;
  }
  if (piece.end) {
    next.snapshot = piece.end->snapshot;
    // Cumulative on A's side: nothing is added up that could be heard twice.
    for (const auto& [relation, captured] : piece.end->captured) next.books[relation].captured = captured;
  }
  return next;
}

// Inserted only if B's newest row is the one this session started from or wrote last. Once old rows are trimmed the
// primary key alone would let a zombie in.
void BatchProgress::append_fence(RoundTrip& trip, const Piece& piece, const Outcome& outcome) {
  next_ = next_offsets(piece, outcome);
  const Offsets& last = session_.offsets;
  pg::Params params;
  params.add(session_.pipeline());
  if (last.last) {
    params.add(static_cast<std::int64_t>(last.last->epoch))
        .add(static_cast<std::int64_t>(last.last->batch))
        .add(last.step);
    params.add(static_cast<std::int64_t>(last.last->nonce));
  } else {
    params.add_null().add_null().add_null().add_null();
  }
  params.add(static_cast<std::int64_t>(next_.last->epoch))
      .add(static_cast<std::int64_t>(next_.last->batch))
      .add(next_.step);
  params.add(static_cast<std::int64_t>(next_.last->nonce));
  params.add(next_.snapshot).add(positions_json(next_.positions)).add(books_json(next_.books)).add(next_.poison);
  trip.add("insert_offsets", std::move(params));
}

void BatchProgress::append_finish(RoundTrip& trip, const Piece& piece, const Outcome& outcome) {
  next_ = next_offsets(piece, outcome);
  pg::Params params;
  params.add(session_.pipeline());
  params.add(static_cast<std::int64_t>(next_.last->epoch))
      .add(static_cast<std::int64_t>(next_.last->batch))
      .add(next_.step);
  params.add(next_.snapshot).add(positions_json(next_.positions)).add(books_json(next_.books)).add(next_.poison);
  trip.add("finish_offsets", std::move(params));
}

}  // namespace penstock::apply
