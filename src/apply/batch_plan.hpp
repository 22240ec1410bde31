#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "apply/record.hpp"

namespace penstock::apply {

using Changes = std::vector<const Record*>;

// What is to be done, in this order; between two truncates a table occurs once, or, with very many
// rows, several times.
struct PlanStep {
  bool truncate = false;
  std::vector<std::size_t> tables;  // of a truncate all (foreign keys may join them), else one
  Position truncated_at;            // the truncate's own position; of rows: of the truncate that made some of them late
  Changes changes;                  // rows, in position order
  Changes late;                     // rows older than a truncate that was done already: validated and counted only
};

// Where the tables of a batch were truncated so far: the newest position of each.
using Truncated = std::map<std::size_t, Position>;

// Orders a piece's records. Notes its truncates in `truncated`, which lives as long as the batch.
std::vector<PlanStep> plan_piece(std::span<const Record> records, Truncated& truncated);

// [image,image,…], the form in which a table's changes travel to B.
std::string json_array(std::span<const Record* const> changes, std::string_view Record::*image = &Record::image);

// How many of these changes, from the first, have rows of one shape. Those that carry no row go with any.
std::size_t of_one_shape(std::span<const Record* const> changes);

}  // namespace penstock::apply
