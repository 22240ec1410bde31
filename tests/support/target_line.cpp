#include "support/target_line.hpp"

#include "kafka/consumer.hpp"

namespace penstock::apply {
namespace {

std::string with_database(const std::string& dsn, const std::string& database) {
  const auto query = dsn.find('?');
  const std::string rest = query == dsn.npos ? "" : dsn.substr(query);
  std::string base = dsn.substr(0, query);
  const auto slash = base.find('/', base.find("//") + 2);
  return base.substr(0, slash) + "/" + database + rest;
}

Task<pg::Connection> connect(std::string dsn) {
  pg::ConnectOptions where(std::move(dsn), "B");
  pg::Connection connection = co_await pg::Connection::connect(std::move(where));
  co_await connection.script(
      "set search_path = public");  // the program's own sessions have none; the tests' SQL is short
  co_return connection;
}

Task<void> run_script(std::string dsn, std::string sql) {
  pg::Connection connection = co_await connect(std::move(dsn));
  co_await connection.script(sql);
}

Task<void> create_topic(const kafka::Cluster& cluster, std::string name, int partitions) {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster);
  std::vector<kafka::TopicSpec> specs(1);
  specs[0].name = std::move(name);
  specs[0].partitions = partitions;
  specs[0].config["max.message.bytes"] = "9000000";
  co_await admin.create_topics(specs);
}

Nonce nonce_of(std::int64_t batch) { return Nonce{batch == 0 ? 0 : 1'000 + batch}; }

}  // namespace

void TargetLine::SetUp() {
  const char* b = std::getenv("PENSTOCK_TEST_B");
  const char* kafka = std::getenv("PENSTOCK_TEST_KAFKA");
  ASSERT_TRUE(b != nullptr && kafka != nullptr) << "tests/run starts the servers";
  cluster_.bootstrap_servers = kafka;
  admin_dsn_ = b;
  pipeline_ = "p" + std::to_string(std::random_device{}());
  database_ = "apply_" + pipeline_;
  dead_letter_topic_ = pipeline_ + ".dlq";
  dsn_ = with_database(admin_dsn_, database_);
  test::run_task([&] { return run_script(admin_dsn_, "create database " + database_); });
  run_sql("create schema penstock");
  for (const auto& migration : sql::target_migrations()) run_sql(std::string(migration.text));
  test::run_task([&] { return create_topic(cluster_, dead_letter_topic_, 1); });
}

void TargetLine::TearDown() {
  test::run_task([&] { return run_script(admin_dsn_, "drop database if exists " + database_ + " with (force)"); });
  std::vector<std::string> names{dead_letter_topic_};
  for (const auto& table : tables_) names.push_back(table.topic);
  test::run_task([&]() -> Task<void> {
    kafka::Admin topics(co_await asio::this_coro::executor, cluster_);
    co_await topics.delete_topics(names);
  });
}

void TargetLine::add_table(const std::string& name, const std::string& definition, std::int32_t partitions,
                           std::vector<RuleSpec> rules, std::vector<std::string> key) {
  if (!definition.empty()) run_sql("create table public." + name + " (" + definition + ")");
  TableSpec table;
  table.relation = "public.src_" + std::to_string(tables_.size());
  table.source_schema = "public";
  table.source_table = "src_" + std::to_string(tables_.size());
  table.target = "public." + name;
  table.key = std::move(key);
  table.topic = pipeline_ + ".t" + std::to_string(tables_.size());
  table.partitions = partitions;
  table.rules = std::move(rules);
  test::run_task([&] { return create_topic(cluster_, table.topic, partitions); });
  tables_.push_back(std::move(table));
}

std::vector<Made> TargetLine::batch(std::int64_t number, const std::vector<MadeChange>& changes,
                                    std::int64_t nonce_shift) {
  EnvelopeWriter writer(pipeline_, "a");
  struct Part {
    std::size_t last;
    std::int64_t count = 0;
  };
  std::map<std::pair<std::size_t, std::int32_t>, Part> parts;
  std::vector<Made> made;
  std::vector<std::size_t> end_at;
  std::int64_t cdc_id = 0;
  int truncated_table = -1;
  for (const auto& change : changes) {
    const bool copy = change.op == Op::truncate && truncated_table == static_cast<int>(change.table);
    truncated_table = change.op == Op::truncate ? static_cast<int>(change.table) : -1;
    if (!copy) ++cdc_id;
    if (!copy && change.op != Op::mark) ++captured_[change.table];
    Envelope e;
    e.op = change.op;
    e.position = {Epoch{1}, BatchNo{number}, cdc_id, 0};
    e.nonce = Nonce{static_cast<std::int64_t>(nonce_of(number)) + nonce_shift};
    e.previous = nonce_of(number - 1);
    e.relation_schema = tables_[change.table].source_schema;
    e.relation_table = tables_[change.table].source_table;
    (change.op == Op::remove || change.oversize ? e.before : e.after) = change.image;
    if (!change.old_image.empty()) e.before = change.old_image;
    Made record;
    record.table = change.table;
    record.partition = change.partition;
    record.key = change.key;
    end_at.push_back(writer.append(record.value, e));
    Part& part = parts[{change.table, change.partition}];
    part.last = made.size();
    ++part.count;
    made.push_back(std::move(record));
  }
  EndMark end;
  end.snapshot = std::to_string(100 + number) + ":" + std::to_string(100 + number) + ":";
  end.total = std::ssize(made);
  for (const auto& [where, part] : parts) {
    end.parts.push_back({tables_[where.first].topic, where.second, part.count});
    if (captured_[where.first] > 0) end.captured.emplace_back(tables_[where.first].relation, captured_[where.first]);
  }
  for (const auto& [where, part] : parts) {
    end.count = part.count;
    writer.insert_end(made[part.last].value, end_at[part.last], end);
  }
  return made;
}

void TargetLine::send(const std::vector<Made>& records) {
  test::run_task([&]() -> Task<void> {
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    for (const auto& made : records) {
      kafka::Producer::Record record;
      record.topic = tables_[made.table].topic;
      record.partition = made.partition;
      if (!made.key.empty()) record.key = made.key;
      record.value = made.value;
      co_await producer.send(record);
    }
    co_await producer.flush();
  });
}

ApplierOptions TargetLine::options() const {
  ApplierOptions options;
  options.pipeline = pipeline_;
  options.target_dsn = dsn_;
  options.consumer = options.producer = cluster_;
  options.consumer_group = "penstock-" + options.pipeline;
  options.tables = tables_;
  options.dead_letter_topic = dead_letter_topic_;
  options.limits = limits_;
  return options;
}

RunningApplier::RunningApplier(ApplierOptions options, Of of) {
  if (of == Of::batches) {
    applier_.emplace(std::move(options));
  } else {
    key_applier_.emplace(std::move(options));
  }
  asio::co_spawn(io_, applier_ ? applier_->run(stop_) : key_applier_->run(stop_), [this](std::exception_ptr error) {
    failed_ = error;
    io_.stop();
  });
  thread_ = std::thread([this] { io_.run(); });
}

RunningApplier::~RunningApplier() {
  asio::post(io_, [this] { stop_.request(); });
  join();
}

void RunningApplier::join() {
  if (thread_.joinable()) thread_.join();
}

void RunningApplier::stop() {
  asio::post(io_, [this] { stop_.request(); });
  join();
  if (failed_) std::rethrow_exception(failed_);
}

std::optional<ErrorKind> RunningApplier::ended() {
  join();
  try {
    if (failed_) std::rethrow_exception(failed_);
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return std::nullopt;
}

void TargetLine::run_sql(const std::string& sql) {
  test::run_task([&] { return run_script(dsn_, sql); });
}

std::string TargetLine::ask(const std::string& sql) {
  std::string out;
  test::run_task([&]() -> Task<void> {
    pg::Connection connection = co_await connect(dsn_);
    const pg::Result result = co_await connection.query(sql);
    for (int r = 0; r < result.rows(); ++r) {
      if (r > 0) out.push_back(';');
      for (int c = 0; c < result.columns(); ++c) {
        if (c > 0) out.push_back('|');
        out.append(result.text(r, c));
      }
    }
  });
  return out;
}

void TargetLine::until(const std::string& sql, const std::string& answer) {
  constexpr int kLooksWithoutProgress = 100;
  std::string now = ask(sql);
  for (int unchanged = 0; now != answer && unchanged < kLooksWithoutProgress; ++unchanged) {
    std::this_thread::sleep_for(50ms);
    const std::string before = std::exchange(now, ask(sql));
    if (now != before) unchanged = 0;
  }
  if (now != answer) ADD_FAILURE() << sql << "\n is " << now << "\n not " << answer;
}

void TargetLine::until_batch(std::int64_t number) {
  until("select coalesce(max(batch), 0) >= " + std::to_string(number) + " from penstock.offsets", "t");
}

std::vector<std::pair<kafka::Headers, std::string>> TargetLine::dead_letters(std::size_t wanted) {
  std::vector<std::pair<kafka::Headers, std::string>> letters;
  test::run_task([&]() -> Task<void> {
    kafka::Consumer consumer(co_await asio::this_coro::executor, cluster_, pipeline_ + "-letters");
    std::vector<kafka::TopicPartitionOffset> from;
    from.push_back({dead_letter_topic_, 0, 0});
    consumer.assign(from);
    for (int i = 0; i < 100 && letters.size() < wanted; ++i) {
      const std::vector<kafka::Message> messages = co_await consumer.poll(100, 100ms);
      for (const auto& message : messages) letters.emplace_back(message.headers(), std::string(message.value()));
    }
  });
  EXPECT_EQ(letters.size(), wanted);
  return letters;
}

}  // namespace penstock::apply
