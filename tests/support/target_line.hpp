#pragma once
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "apply/batch/applier.hpp"
#include "apply/key/key_applier.hpp"
#include "kafka/admin.hpp"
#include "kafka/producer.hpp"
#include "model/envelope_writer.hpp"
#include "pg/connection.hpp"
#include "sql/embedded_sql.hpp"
#include "support/coroutine.hpp"

namespace penstock::apply {

using namespace std::chrono_literals;

// A record ready to be sent.
struct Made {
  std::size_t table = 0;
  std::int32_t partition = 0;
  std::string key;  // empty: none
  std::string value;
};

// A change to be made into a record.
struct MadeChange {
  Op op = Op::update;
  std::string image;  // the row, or the key of a delete
  std::string key;    // {"id":1}
  std::size_t table = 0;
  std::int32_t partition = 0;
  bool oversize = false;
  std::string old_image = {};  // of a table without a key: the row that an update or a delete takes away
};

inline MadeChange row(int id, const std::string& rest, std::int32_t partition = 0, std::size_t table = 0) {
  const std::string key = "{\"id\":" + std::to_string(id) + "}";
  return {Op::update, "{\"id\":" + std::to_string(id) + (rest.empty() ? "" : ",") + rest + "}", key, table, partition,
          false};
}
inline MadeChange gone(int id, std::int32_t partition = 0, std::size_t table = 0) {
  const std::string key = "{\"id\":" + std::to_string(id) + "}";
  return {Op::remove, key, key, table, partition, false};
}
inline MadeChange truncated(std::int32_t partition = 0, std::size_t table = 0) {
  return {Op::truncate, "", "", table, partition, false};
}

// The same of tables without a key.
inline MadeChange added(const std::string& image) { return {Op::create, image, "", 0, 0, false}; }
inline MadeChange changed(const std::string& from, const std::string& to) {
  return {Op::update, to, "", 0, 0, false, from};
}
inline MadeChange removed(const std::string& image) { return {Op::remove, "", "", 0, 0, false, image}; }

// An applier on a thread of its own, from construction to stop() or the end of the scope.
class RunningApplier {
 public:
  enum class Of { batches, keys };  // consistency
  explicit RunningApplier(ApplierOptions options, Of of = Of::batches);
  ~RunningApplier();
  RunningApplier(const RunningApplier&) = delete;
  RunningApplier& operator=(const RunningApplier&) = delete;

  void stop();                       // throws what run() threw
  std::optional<ErrorKind> ended();  // waits for run() to end by itself: by which failure

 private:
  void join();
  asio::io_context io_;
  StopToken stop_{io_.get_executor()};
  std::optional<Applier> applier_;
  std::optional<KeyApplier> key_applier_;
  std::exception_ptr failed_;
  std::thread thread_;
};

// One database on B, topics in Kafka, and records made by hand: what is between capture and B.
class TargetLine : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // One target table t_<n> with this definition, its topic, and its place in the pipeline.
  void add_table(const std::string& name, const std::string& definition, std::int32_t partitions = 1,
                 std::vector<RuleSpec> rules = {}, std::vector<std::string> key = {"id"});

  // The records of one batch, cdc_id counting from 1, end marks included. A truncate of several partitions is given as
  // several changes in a row.
  std::vector<Made> batch(std::int64_t number, const std::vector<MadeChange>& changes, std::int64_t nonce_shift = 0);
  void send(const std::vector<Made>& records);
  void send_batch(std::int64_t number, const std::vector<MadeChange>& changes) { send(batch(number, changes)); }
  ApplierOptions options() const;

  std::string ask(const std::string& sql);  // rows as "a|b;c|d"
  void run_sql(const std::string& sql);
  void until(const std::string& sql, const std::string& answer);  // fails the test after some 6 s without progress
  void until_batch(std::int64_t number);
  std::vector<std::pair<kafka::Headers, std::string>> dead_letters(std::size_t wanted);

  std::string pipeline_;
  std::string dsn_;
  kafka::Cluster cluster_;
  std::vector<TableSpec> tables_;
  std::string dead_letter_topic_;
  PieceLimits limits_;
  std::map<std::size_t, std::int64_t> captured_;

 private:
  std::string admin_dsn_, database_;
};

}  // namespace penstock::apply
