#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/pipeline_spec.hpp"

namespace penstock {
namespace {

TEST(PipelineSpec, IsReadFromJsonAsItWasWritten) {
  PipelineSpec spec;
  spec.pipeline = "emp";
  spec.dead_letter_topic = "hr.dlq.emp";
  spec.written = R"({"tables":["\"Odd Name\".\"K e y\""]})";
  PipelineSpec::Table table;
  table.relation = "public.employee_a";
  table.source_schema = "public";
  table.source_table = "employee_a";
  table.target = "public.\"Employee B\"";
  table.key = {"emp_id", "K\"ey"};
  table.on_drift = PipelineSpec::OnDrift::reject;
  table.triggers = false;
  table.topic = "hr.public.employee_a";
  table.partitions = 8;
  table.rules = {{"born_after_2007", "dob >= date '2008-01-01'"}, {"text", R"(city ~ '^\d"')"}};
  spec.tables = {table, table};
  spec.indexes_built = {"public.penstock_emp_1_key"};
  spec.topics_created = {"hr.public.employee_a", "hr.dlq.emp"};
  spec.by_key = true;
  EXPECT_EQ(PipelineSpec::from_json(spec.to_json()), spec);
}

TEST(PipelineSpec, AnythingElseIsABugNotACrash) {
  for (const char* text : {"", "{}", "[]", R"({"pipeline":1})"}) EXPECT_THROW(PipelineSpec::from_json(text), Failure);
}

}  // namespace
}  // namespace penstock
