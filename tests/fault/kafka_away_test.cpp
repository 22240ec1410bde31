// Kafka away while A is written at full speed: fifteen seconds every time, five minutes as a soak test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "fault/copies.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A change with its copy, and their indexes: some 300 and 250 bytes.
constexpr long long kBytesOfAChange = 1'000;
// Leaves that were there before, and not emptied yet.
constexpr long long kRing = 16'000'000;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Transactions a second of four writers who do not pause.
double rate_of(const Line& line, std::chrono::seconds duration, unsigned seed) {
  const WriterReport written = write_employees(
      line.dsn_a(), {.connections = 4, .duration = duration, .bad_share = 0.01, .seed = seed, .pause = 0us});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  return static_cast<double>(written.transactions) / static_cast<double>(duration.count());
}

long long journal_bytes(const Line& line) {
  return line.admin_a().number(
      "select sum(pg_total_relation_size(c.oid)) from pg_class as c where c.relnamespace = 'penstock'::regnamespace "
      "and c.relname ~ '^emp_cdc' and c.relkind = 'r'");
}

void stay_away(std::chrono::seconds away) {
  const OwnServer own("kafka");
  Line line(own.servers);
  line.create_employees();
  create_copies(line);
  line.migrate_and_copy();
  keep_history(line.a());
  Process replicator = line.start();
  const double before = rate_of(line, 5s, 1);
  EXPECT_TRUE(line.b().becomes("select count(*) > 0 from employee_b", "t", 10));
  const long long changes = changes_of(line.a());
  own.kill();
  const double meanwhile = rate_of(line, away, 2);
  const long long written = changes_of(line.a()) - changes;
  const long long bytes = journal_bytes(line);
  own.start();
  const auto back = Clock::now();
  line.once(600s);
  std::cout << "Kafka away for " << away.count() << " s: writers " << before << " transactions/s before, " << meanwhile
            << " meanwhile; " << written << " changes, journal " << bytes / 1'000'000 << " MB; all on B "
            << seconds_since(back) << " s after its return; program at " << replicator.peak_memory_kb() / 1'024
            << " MB\n";
  EXPECT_GE(meanwhile, 0.9 * before) << "writers noticed";
  EXPECT_LE(bytes, written * kBytesOfAChange + kRing) << "the journal holds more than they wrote";
  EXPECT_LE(replicator.peak_memory_kb(), 160 * 1'024);
  EXPECT_TRUE(replicator.running());
  line.expect_equal();
  EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
  EXPECT_EQ(line.book("captured"), changes_of(line.a()));
}

TEST(KafkaAway, ForFifteenSecondsHoldsNoWriterUp) { stay_away(15s); }

TEST(SoakKafkaAway, ForFiveMinutesHoldsNoWriterUp) { stay_away(300s); }

}  // namespace
}  // namespace penstock::test
