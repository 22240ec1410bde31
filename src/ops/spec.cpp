#include "ops/spec.hpp"

#include "base/nearest.hpp"
#include "config/sql_name.hpp"
#include "model/json_text.hpp"

namespace penstock::ops {
namespace {

void append(std::string& out, std::string_view text) {
  append_json_string(out, text);
  out.push_back(' ');
}

}  // namespace

std::string written_form(const Config& config) {
  std::string out;
  append(out, config.pipeline.name);
  append(out, config.kafka.topic_prefix);
  append(out, std::to_string(config.kafka.partitions));
  append(out, config.pipeline.consistency == Config::Consistency::key ? "key" : "batch");
  append(out, config.pipeline.snapshot == Config::Snapshot::initial ? "initial" : "never");
  for (const auto& table : config.tables) {
    out.append("table ");
    append(out, table.source);
    append(out, table.target);
    append(out, table.on_drift);
    append(out, table.triggers);
    for (const auto& column : table.key) append(out, column);
  }
  for (const auto& rule : config.rules) {
    out.append("rule ");
    append(out, rule.table);
    append(out, rule.name);
    append(out, rule.check);
  }
  return out;
}

Task<std::optional<PipelineSpec>> spec_if_stored(pg::Connection& connection, const std::string& pipeline) {
  const pg::Result there = co_await connection.query("select to_regclass('penstock.pipeline') is not null");
  if (!there.boolean(0, 0)) co_return std::nullopt;
  const pg::Result row = co_await connection.query("select configuration from penstock.pipeline where pipeline = $1",
                                                   pg::Params::of(pipeline));
  if (row.empty()) co_return std::nullopt;
  co_return PipelineSpec::from_json(row.text(0, 0));
}

Task<PipelineSpec> stored_spec(pg::Connection& connection, const std::string& pipeline) {
  auto spec = co_await spec_if_stored(connection, pipeline);
  if (!spec) {
    throw Failure(ErrorKind::usage, "pipeline " + pipeline + " is not installed there: run `penstock migrate`");
  }
  co_return std::move(*spec);
}

Task<PipelineSpec> load_spec(const Config& config, pg::Connection& connection) {
  PipelineSpec spec = co_await stored_spec(connection, config.pipeline.name);
  if (spec.written != written_form(config)) {
    throw Failure(
        ErrorKind::usage,
        "the configuration's tables, keys, rules or topics are not those that were installed: run `penstock migrate`");
  }
  co_return spec;
}

const PipelineSpec::Table& table_named(const PipelineSpec& spec, const std::string& name) {
  const auto parsed = parse_sql_name(name);
  std::vector<std::string> relations;
  for (const auto& table : spec.tables) {
    if (parsed && parsed->schema == table.source_schema && parsed->table == table.source_table) return table;
    relations.push_back(table.relation);
  }
  const std::string meant = nearest(name, relations);
  throw Failure(ErrorKind::usage, "pipeline " + spec.pipeline + " has no table " + name +
                                      (parsed ? "" : " (a name with its schema, as in SQL)") +
                                      (meant.empty() ? "" : "; did you mean " + meant + "?"));
}

Task<void> store_spec(pg::Connection& connection, const PipelineSpec& spec) {
  const std::string configuration = spec.to_json();
  pg::Params params;
  params.add(spec.pipeline).add(configuration);
  co_await connection.query(
      "insert into penstock.pipeline (pipeline, configuration) values ($1, $2) "
      "on conflict (pipeline) do update set configuration = excluded.configuration",
      params);
}

}  // namespace penstock::ops
