#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kafka/message.hpp"
#include "model/envelope.hpp"

namespace penstock::apply {

// One consumed record, decoded, or poison. The views point into `message`, which travels with it.
struct Record {
  kafka::Message message{nullptr};
  std::size_t partition = 0;  // index into the assembler's partitions
  std::int64_t offset = 0;
  std::size_t bytes = 0;
  std::string poison;  // why it is none of ours; empty: it is

  // Of a record that is no poison:
  std::size_t table = 0;  // index into the tables; of a control record without meaning
  Op op = Op::mark;
  Position position;
  Nonce nonce{};
  Nonce previous{};
  std::int64_t txid = 0;
  std::string_view image;  // the row; of a delete or an oversize row its key; of truncate and mark empty
  // The row before, of updates and deletes in a table without a key (whose deletes have no image).
  std::string_view old_image;
  std::size_t shape = 0;  // of the rows: which columns they name (ColumnScan)
  bool drifted = false;   // its columns do not fit the target's, and such rows are to be rejected
  bool oversize = false;  // too large a row for its topic: its key is all there is
  std::unique_ptr<EndMark> end;

  bool image_is_key() const { return op == Op::remove || oversize; }
  // A row with all its columns; "" where none is carried.
  std::string_view row() const { return !image_is_key() ? image : oversize ? std::string_view() : old_image; }
  bool is_row() const { return op != Op::truncate && op != Op::mark; }
};

}  // namespace penstock::apply
