// doctor: what is wrong, and the cure.
#include "integration/ops/ops_test.hpp"

namespace penstock::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Doctor : public testing::Test {
 protected:
  // Exit 1 and this in the answer; after the cure all is well again.
  void expect_sick(const std::string& problem) {
    const Finished sick = line_.run({"doctor"});
    EXPECT_EQ(sick.code, 1) << sick.out << sick.err;
    EXPECT_THAT(sick.out, AllOf(HasSubstr(problem), HasSubstr("not healthy")));
  }
  void expect_healthy() {
    const Finished healthy = line_.run({"doctor", "--json"});
    EXPECT_EQ(healthy.code, 0) << healthy.out << healthy.err;
    EXPECT_THAT(healthy.out, AllOf(HasSubstr(R"({"healthy":true,)"), Not(HasSubstr(R"("problem":")"))));
  }

  Line line_;
};

TEST_F(Doctor, FindsWhatIsWrongAndIsContentAfterTheCure) {
  create_one(line_);
  expect_sick("run `penstock migrate`");  // before it
  line_.migrate_and_copy();
  expect_healthy();

  line_.a().run("alter table one disable trigger penstock_emp_insert");
  expect_sick("alter table public.one enable trigger penstock_emp_insert, then `penstock backfill public.one`");
  line_.a().run("alter table one enable trigger penstock_emp_insert");
  expect_sick("run `penstock backfill public.one`");
  line_.run({"backfill", "public.one", "--no-wait"});
  line_.once();
  expect_healthy();

  line_.a().run("alter table one add column later int");
  expect_sick("has no column \"later\"");
  line_.b().run("alter table one add column later int");
  line_.migrate();
  expect_healthy();

  line_.admin_b().run("alter table one owner to postgres");
  expect_sick("grant select, insert, update, delete, truncate on public.one to penstock");
  line_.admin_b().run("alter table one owner to app");
  expect_healthy();

  const std::string database = line_.admin_a().value("select quote_ident(current_database())");
  line_.admin_a().run("alter role app in database " + database + " set session_replication_role = replica");
  expect_sick("triggers do not fire for what it writes");
  line_.admin_a().run("alter role app in database " + database + " reset session_replication_role");
  expect_healthy();

  line_.b().run("alter table one drop constraint one_pkey");
  expect_sick("has no unique index");
}

TEST_F(Doctor, SaysThatAServerIsAwayAndStillLooksAtTheOther) {
  create_one(line_);
  line_.migrate();
  edit(line_, line_.servers().kafka, "127.0.0.1:1");
  const Finished no_kafka = line_.run({"doctor"});
  EXPECT_EQ(no_kafka.code, 3) << no_kafka.out << no_kafka.err;
  EXPECT_THAT(no_kafka.out, HasSubstr("ok     public.one"));
  edit(line_, "127.0.0.1:1", line_.servers().kafka);
  const std::string a = line_.servers().a;
  const std::string address = a.substr(a.find('@') + 1, a.rfind('/') - a.find('@') - 1);
  edit(line_, address, "127.0.0.1:1");
  const Finished no_a = line_.run({"doctor", "--json"});
  EXPECT_EQ(no_a.code, 3) << no_a.out << no_a.err;
  EXPECT_THAT(no_a.out, AllOf(HasSubstr(R"({"check":"A: connection","problem":")"),
                              HasSubstr(R"({"check":"B: migrations","problem":null})")));
}

}  // namespace
}  // namespace penstock::test
