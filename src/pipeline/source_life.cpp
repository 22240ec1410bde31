#include "pipeline/source_life.hpp"

#include "base/error.hpp"
#include "model/chain.hpp"

namespace penstock::pipeline {
namespace {

void compare(const capture::Slot& slot, const BatchLink& heard, const std::string& where) {
  const std::optional<Break> broken = break_of(slot.link(), heard);
  if (!broken) return;
  throw Failure(ErrorKind::safety,
                where + ": " + broken->what +
                    ": A went back in time, or another A writes to these topics. In doubt is what was committed on A "
                    "from batch " +
                    name_of(heard.epoch, broken->since) + " on (the slot was written at " + slot.at +
                    "): B may have it, A may not; " + std::string(kAcceptThisLife));
}

}  // namespace

Task<void> SourceLife::check(const capture::Slot& slot) const {
  if (remembered_) compare(slot, *remembered_, "in this process's memory");
  const auto ends = co_await kafka::read_topic_ends(reading_, group_, topics_);
  for (const auto& end : ends) {
    if (end.last) compare(slot, *end.last, "at the end of topic " + end.where.topic);
  }
}

Task<void> SourceLife::check_without_slot() const {
  const auto ends = co_await kafka::read_topic_ends(reading_, group_, topics_);
  for (const auto& end : ends) {
    if (!end.last) continue;
    throw Failure(ErrorKind::safety, "A has no slot of this pipeline, and topic " + end.where.topic +
                                         " holds its batch " + name_of(end.last->epoch, end.last->batch) +
                                         ": A was made anew. In doubt is all that B has; " +
                                         std::string(kAcceptThisLife));
  }
}

}  // namespace penstock::pipeline
