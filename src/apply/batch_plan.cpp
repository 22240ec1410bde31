#include "apply/batch_plan.hpp"

#include <optional>

namespace penstock::apply {
namespace {

// One statement's parameter; a batch that is taken as a whole may have far more of a table.
constexpr std::size_t kStepRecords = 10'000;
constexpr std::size_t kStepBytes = 64U << 20;

class Planner {
 public:
  explicit Planner(Truncated& truncated) : truncated_(truncated) {}

  void add(const Record& record) {
    if (record.op == Op::mark) return;
    if (record.op == Op::truncate) return add_truncate(record);
    PlanStep& step = step_of(record);
    const auto done = truncated_.find(record.table);
    const bool late = done != truncated_.end() && record.position < done->second;
    if (late) step.truncated_at = done->second;
    (late ? step.late : step.changes).push_back(&record);
  }

  std::vector<PlanStep> take() { return std::move(steps_); }

 private:
  // TRUNCATE comes once a partition, all with one position: executed at the first, and counted once. It joins the one
  // before it unless rows of its table stand between: tables that a foreign key joins can only be truncated together,
  // and rows of tables without a part in it may have been journaled between theirs.
  void add_truncate(const Record& record) {
    const auto [done, fresh] = truncated_.try_emplace(record.table, record.position);
    if (!fresh && done->second >= record.position) return;
    done->second = record.position;
    if (!truncate_ || step_of_.contains(record.table)) {
      truncate_ = steps_.size();
      steps_.emplace_back().truncate = true;
      step_of_.clear();  // a barrier
    }
    steps_[*truncate_].tables.push_back(record.table);
    steps_[*truncate_].truncated_at = record.position;
  }

  PlanStep& step_of(const Record& record) {
    Filling& filling = step_of_.try_emplace(record.table).first->second;
    if (filling.records == 0 || filling.records == kStepRecords || filling.bytes > kStepBytes) {
      filling = {steps_.size(), 0, 0};
      steps_.emplace_back().tables.push_back(record.table);
    }
    ++filling.records;
    filling.bytes += record.bytes;
    return steps_[filling.step];
  }

  Truncated& truncated_;
  std::vector<PlanStep> steps_;
  std::optional<std::size_t> truncate_;  // the last one
  struct Filling {
    std::size_t step = 0, records = 0, bytes = 0;
  };
  std::map<std::size_t, Filling> step_of_;  // of tables with rows since then
};

}  // namespace

std::vector<PlanStep> plan_piece(std::span<const Record> records, Truncated& truncated) {
  Planner planner(truncated);
  for (const auto& record : records) planner.add(record);
  return planner.take();
}

std::string json_array(std::span<const Record* const> changes, std::string_view Record::*image) {
  std::size_t size = 2;
  for (const Record* change : changes) size += (change->*image).size() + 1;
  std::string out;
  out.reserve(size);
  out.push_back('[');
  for (const Record* change : changes) {
    if (out.size() > 1) out.push_back(',');
    out.append(change->*image);
  }
  out.push_back(']');
  return out;
}

std::size_t of_one_shape(std::span<const Record* const> changes) {
  std::optional<std::size_t> shape;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i]->row().empty()) continue;
    if (shape && *shape != changes[i]->shape) return i;
    shape = changes[i]->shape;
  }
  return changes.size();
}

}  // namespace penstock::apply
