// kill -9 at every fail point, three times each, while writers write: README.md in this folder says what is durable
// there.
#include <csignal>

#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/by_key.hpp"
#include "support/history.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

struct Kill {
  const char* fail_point;
  const char* role;  // of the process that is killed
  int pass;          // it dies the pass-th time, and then at 1 more, and 2 more
  bool big = false;  // a transaction of many rows, which is streamed
  bool backfill = false;
  bool by_key = false;  // consistency = "key": killed once, since its partitions wait for the end of its session
};

void PrintTo(const Kill& kill, std::ostream* out) { *out << kill.fail_point << " in " << kill.role; }

class KillTest : public testing::TestWithParam<Kill> {
 protected:
  // Starts the process armed, and the other half when the role is one of two, until it was killed; then once without.
  void kill_once(Line& line, int pass) {
    const Kill& kill = GetParam();
    Process victim =
        line.start(kill.role, {{"PENSTOCK_FAIL_POINT", std::string(kill.fail_point) + ":" + std::to_string(pass)}});
    const std::string other = std::string(kill.role) == "capture" ? "apply" : "capture";
    std::optional<Process> half;
    if (std::string(kill.role) != "all") half.emplace(line.start(other));
    EXPECT_EQ(victim.wait(40s), -SIGKILL) << "did not pass " << kill.fail_point;
  }
};

std::map<std::string, long long> ledger(const Line& line) {
  std::map<std::string, long long> counts;
  for (const auto& row : line.admin_b().rows("select rule, count(*) from penstock.dead_letter group by rule"))
    counts[row[0]] = std::stoll(row[1]);
  return counts;
}

TEST_P(KillTest, NothingIsLostAndNothingDoubled) {
  const Kill& kill = GetParam();
  Line line;
  line.create_employees();
  const int partitions = kill.by_key ? 4 : 1;
  if (kill.by_key) line.configure(employees_in_partitions(partitions), kByKey);
  if (!kill.by_key) create_copies(line);
  const int rows = kill.backfill ? 60'000 : 100;
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(100001, " +
      std::to_string(100'000 + rows) + ") as g");
  line.migrate();
  if (!kill.backfill) line.once();
  keep_history(line.a());
  Load writers(line, {.connections = 3, .duration = 500ms, .bad_share = 0.1, .pause = 3ms});
  long long big_changes = 0;
  for (int i = 0; i < (kill.by_key ? 1 : 3); ++i) {
    if (kill.big) {
      line.a().run("insert into employee_a select g, 'B', 'L', date '2010-01-01', 'C', 20000 from generate_series(" +
                   std::to_string(200'000 + i * 100'000) + ", " + std::to_string(239'999 + i * 100'000) + ") as g");
      big_changes += 40'000;
    }
    kill_once(line, kill.pass + i);
  }
  const WriterReport written = writers.stop();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  line.expect_equal();
  EXPECT_EQ(changes_of(line.a()), written.changes + big_changes);
  const long long captured = line.book("captured");
  if (kill.backfill) {
    // A row that writers change before its slice is read is in the journal and in the slice.
    EXPECT_GE(captured, rows + written.changes);
    EXPECT_LE(captured, rows + 2 * written.changes);
  } else {
    EXPECT_EQ(captured, rows + written.changes + big_changes);
    EXPECT_EQ(ledger(line), expected_rejects(line.a()));
  }
  // Sent again or not: every change has one position, and for each row the topic tells the order of commits.
  std::vector<KafkaRecord> records;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    for (auto& record : Broker(line.servers().kafka).read(line.topic("employee_a"), partition))
      records.push_back(std::move(record));
  }
  EXPECT_TRUE(history_of(records) == history_of(line.a())) << "the topic does not tell what happened on A";
  if (!kill.by_key) {
    EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
  }
  EXPECT_EQ(line.book("captured"), line.book("applied") + line.book("rejected"));
  EXPECT_EQ(line.book("unaccounted"), 0);
  EXPECT_EQ(line.book("in_flight"), 0);
}

std::string name_of(const testing::TestParamInfo<Kill>& info) {
  std::string name = std::string(info.param.fail_point) + "_in_" + info.param.role;
  if (info.param.by_key) name += "_by_key";
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    FailPoints, KillTest,
    testing::Values(Kill{"capture.batch_opened", "capture", 3}, Kill{"capture.batch_opened", "all", 2},
                    Kill{"publish.half_produced", "capture", 4}, Kill{"publish.half_produced", "all", 9'000, true},
                    Kill{"publish.produced_not_acked", "capture", 3}, Kill{"publish.produced_not_acked", "all", 2},
                    Kill{"capture.acked_not_advanced", "capture", 3}, Kill{"capture.acked_not_advanced", "all", 2},
                    Kill{"apply.applied_not_committed", "apply", 2}, Kill{"apply.applied_not_committed", "all", 1},
                    Kill{"apply.committed_not_mirrored", "apply", 3}, Kill{"apply.committed_not_mirrored", "all", 2},
                    Kill{"apply.dead_letter_acked_not_committed", "apply", 2},
                    Kill{"apply.dead_letter_acked_not_committed", "all", 1},
                    Kill{"capture.in_the_middle_of_a_slice", "capture", 5, false, true},
                    Kill{"capture.in_the_middle_of_a_slice", "all", 70, false, true},
                    Kill{"apply.in_the_middle_of_a_big_batch", "apply", 2, true},
                    Kill{"apply.in_the_middle_of_a_big_batch", "all", 1, true},
                    Kill{"apply.applied_not_committed", "apply", 5, false, false, true},
                    Kill{"apply.committed_not_mirrored", "apply", 5, false, false, true},
                    Kill{"apply.dead_letter_acked_not_committed", "apply", 3, false, false, true}),
    name_of);

}  // namespace
}  // namespace penstock::test
