// What migrate makes of topics that are there already, and of topics that others write.
#include "integration/ops/ops_test.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;

// What migrate says of a topic that somebody made before it.
Finished migrate_with_topic(Line& line, int partitions, std::map<std::string, std::string> config) {
  create_one(line);
  config.emplace("max.message.bytes", "9000000");
  create_topic(line, line.topic("one"), partitions, config);
  return line.run({"migrate"});
}

TEST(MigrateTopics, AreMadeWithTheConfiguredPartitionsAndNeverCompacted) {
  Line line;
  create_one(line);
  edit(line, "topic_prefix", "partitions = 3\ntopic_prefix");
  line.migrate();
  const auto topic = describe(line, line.topic("one"));
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->partitions, 3);
  EXPECT_EQ(topic->config.at("cleanup.policy"), "delete");
  EXPECT_EQ(topic->config.at("max.message.bytes"), std::to_string(kafka::topic_message_bytes_max({})));
  const auto letters = describe(line, line.dead_letter_topic());
  ASSERT_TRUE(letters);
  EXPECT_EQ(letters->partitions, 1);
}

TEST(MigrateTopics, OneWithOtherPartitionsIsRefused) {
  Line line;
  const Finished refused = migrate_with_topic(line, 2, {});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("has 2 partitions, the configuration says 1"));
}

TEST(MigrateTopics, ACompactedOneIsRefused) {
  Line line;
  const Finished refused = migrate_with_topic(line, 1, {{"cleanup.policy", "compact"}});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("cleanup.policy=compact"));
}

TEST(MigrateTopics, OneThatRefusesLargeRowsIsRefused) {
  Line line;
  const Finished refused = migrate_with_topic(line, 1, {{"max.message.bytes", "1048588"}});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("max.message.bytes=1048588"));
}

TEST(MigrateTopics, OneThatWasThereStaysWhenThePipelineIsUninstalled) {
  Line line;
  ASSERT_EQ(migrate_with_topic(line, 1, {}).code, 0);
  line.once();
  EXPECT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  EXPECT_TRUE(describe(line, line.topic("one")));
  EXPECT_FALSE(describe(line, line.dead_letter_topic()));
}

TEST(MigrateTopics, OneThatHoldsSomebodyElsesRecordsIsRefused) {
  Line line;
  ASSERT_EQ(migrate_with_topic(line, 1, {}).code, 0);
  line.a().run("insert into one values (1, 1)");
  line.once();
  ASSERT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("already holds records that are not this pipeline's"));
}

TEST(MigrateTopics, TwoPipelinesOfOneSourceMayNotShareOneAndLiveApartOtherwise) {
  Line line;
  create_one(line);
  line.b().run("create table one_b (id int primary key, v int)");
  line.migrate();
  const std::string first = read_file(line.toml());
  edit(line, "\"emp\"", "\"second\"");
  edit(line, kOneTable, std::string(kOneTable) + "target = \"public.one_b\"\n");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("belongs to pipeline emp"));

  edit(line, "topic_prefix = \"", "topic_prefix = \"other-");
  line.migrate();
  const std::string second = read_file(line.toml());
  line.a().run("insert into one values (1, 1)");
  line.once();
  EXPECT_EQ(line.b().number("select count(*) from one_b"), 1);
  EXPECT_EQ(line.b().number("select count(*) from one"), 0);
  ASSERT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  // The other one goes on as if nothing had been.
  std::ofstream(line.toml()) << first;
  line.once();
  EXPECT_EQ(line.b().number("select count(*) from one"), 1);
  ASSERT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  EXPECT_EQ(line.a().number("select count(*) from pg_namespace where nspname = 'penstock'"), 0);
}

}  // namespace
}  // namespace penstock::test
