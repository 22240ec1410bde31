#pragma once
#include <memory>
#include <vector>

#include "apply/applier_options.hpp"
#include "apply/record_decoder.hpp"
#include "apply/rejects/dead_letters.hpp"
#include "apply/slow/slow_path.hpp"
#include "base/stop.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "kafka/lost_records.hpp"

namespace penstock::apply {

struct KeySession;
struct Unit;

// consistency = "key": one of any number of appliers, on any number of machines, that share the partitions through the
// consumer group. Each key ends as on A; what several tables or keys say together holds only once all partitions have
// come as far (README.md in this folder).
class KeyApplier {
 public:
  explicit KeyApplier(ApplierOptions options);

  // Returns once stop was requested and the unit in hand is done. What waiting may mend is waited for and said once;
  // throws Failure(safety) when going on could lose or double changes.
  Task<void> run(StopToken& stop);

 private:
  Task<void> serve(StopToken& stop);
  Task<void> stream(KeySession& session, StopToken& stop);
  Task<std::vector<kafka::Message>> poll(KeySession& session, std::chrono::milliseconds timeout);
  Task<void> take_over(KeySession& session, const kafka::Consumer::Moved& moved);
  Task<std::vector<kafka::TopicPartitionOffset>> begin_partitions(KeySession& session,
                                                                  const std::vector<kafka::TopicPartition>& given);
  Task<void> begin_again(KeySession& session, const Unit& unit);
  Task<void> remember_nonces(KeySession& session);
  Task<void> apply_what_is_ready(KeySession& session);
  Task<void> apply(KeySession& session);
  // How one transaction ended; refused: nothing of it is on B, and it comes again.
  struct Attempt {
    enum class End { committed, fenced, refused } end;
    RefusedForNow::Records refused;
    std::optional<pg::Error> error;
  };
  Task<Attempt> attempt(KeySession& session, Unit& unit, bool wait);
  Task<void> transact(KeySession& session, Unit& unit, bool wait);
  Task<void> pause_before_another_try(KeySession& session, const pg::Error& error);
  void regulate(KeySession& session);
  Task<void> trim_offsets(KeySession& session);
  Task<void> keep_house(KeySession& session);
  void mirror(const Unit& unit);

  const ApplierOptions options_;
  const Partitions partitions_;
  DeadLetters dead_letters_;
  kafka::TopicWatch topics_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::unique_ptr<kafka::Admin> admin_;
};

}  // namespace penstock::apply
