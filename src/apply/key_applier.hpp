#pragma once
#include <memory>
#include <vector>

#include "apply/applier_options.hpp"
#include "apply/dead_letters.hpp"
#include "apply/record_decoder.hpp"
#include "apply/slow_path.hpp"
#include "base/stop.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "kafka/lost_records.hpp"

namespace penstock::apply {

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
  struct Session;
  Task<void> serve(StopToken& stop);
  Task<void> stream(Session& session, StopToken& stop);
  Task<std::vector<kafka::Message>> poll(Session& session, std::chrono::milliseconds timeout);
  Task<void> take_over(Session& session, const kafka::Consumer::Moved& moved);
  Task<std::vector<kafka::TopicPartitionOffset>> begin_partitions(Session& session,
                                                                  const std::vector<kafka::TopicPartition>& given);
  Task<void> begin_again(Session& session, const Unit& unit);
  Task<void> remember_nonces(Session& session);
  Task<void> apply_what_is_ready(Session& session);
  Task<void> apply(Session& session);
  // How one transaction ended; refused: nothing of it is on B, and it comes again.
  struct Attempt {
    enum class End { committed, fenced, refused } end;
    RefusedForNow::Records refused;
    std::optional<pg::Error> error;
  };
  Task<Attempt> attempt(Session& session, Unit& unit, bool wait);
  Task<void> transact(Session& session, Unit& unit, bool wait);
  Task<void> pause_before_another_try(Session& session, const pg::Error& error);
  void say_held_up(Session& session, const Unit& unit, std::chrono::steady_clock::time_point since,
                   const pg::Error& error);
  Task<void> execute_truncate(Session& session, Unit& unit, bool wait);
  Task<bool> others_lag(Session& session, const Unit& unit);
  void regulate(Session& session);
  Task<void> trim_offsets(Session& session);
  Task<void> keep_house(Session& session);
  void mirror(const Unit& unit);

  const ApplierOptions options_;
  const Partitions partitions_;
  DeadLetters dead_letters_;
  kafka::TopicWatch topics_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::unique_ptr<kafka::Admin> admin_;
};

}  // namespace penstock::apply
