#include "model/pipeline_spec.hpp"

#include <simdjson.h>

#include "base/error.hpp"
#include "model/json_text.hpp"

namespace penstock {
namespace {

namespace json = simdjson::dom;

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, text);
}

template <class Items, class Append>
void append_array(std::string& out, std::string_view name, const Items& items, Append append) {
  if (out.back() != '{') out.push_back(',');
  append_json_string(out, name);
  out.append(":[");
  bool first = true;
  for (const auto& item : items) {
    if (!first) out.push_back(',');
    first = false;
    append(item);
  }
  out.push_back(']');
}

void append_strings(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  append_array(out, name, texts, [&](const std::string& text) { append_json_string(out, text); });
}

std::string_view to_string(PipelineSpec::OnDrift policy) {
  switch (policy) {
    case PipelineSpec::OnDrift::ignore: return "ignore";
    case PipelineSpec::OnDrift::reject: return "reject";
    case PipelineSpec::OnDrift::wait: break;
  }
  return "wait";
}

void append_table(std::string& out, const PipelineSpec::Table& table) {
  out.push_back('{');
  append_member(out, "relation", table.relation);
  append_member(out, "source_schema", table.source_schema);
  append_member(out, "source_table", table.source_table);
  append_member(out, "target", table.target);
  append_strings(out, "key", table.key);
  append_member(out, "topic", table.topic);
  out.append(",\"partitions\":").append(std::to_string(table.partitions));
  append_member(out, "on_drift", to_string(table.on_drift));
  append_member(out, "triggers", table.triggers ? "on" : "off");
  append_array(out, "rules", table.rules, [&](const PipelineSpec::Rule& rule) {
    out.push_back('{');
    append_member(out, "name", rule.name);
    append_member(out, "check", rule.check);
    out.push_back('}');
  });
  out.push_back('}');
}

std::string text_of(json::element object, std::string_view name) {
  return std::string(std::string_view(object[name].get_string()));
}

std::vector<std::string> texts_of(json::element object, std::string_view name) {
  std::vector<std::string> texts;
  for (json::element item : object[name].get_array()) texts.emplace_back(std::string_view(item.get_string()));
  return texts;
}

PipelineSpec::Table table_of(json::element object) {
  PipelineSpec::Table table;
  table.relation = text_of(object, "relation");
  table.source_schema = text_of(object, "source_schema");
  table.source_table = text_of(object, "source_table");
  table.target = text_of(object, "target");
  table.key = texts_of(object, "key");
  table.topic = text_of(object, "topic");
  table.partitions = static_cast<std::int32_t>(std::int64_t(object["partitions"].get_int64()));
  table.on_drift = PipelineSpec::on_drift_of(text_of(object, "on_drift"));
  table.triggers = text_of(object, "triggers") == "on";
  for (json::element rule : object["rules"].get_array()) {
    table.rules.push_back({text_of(rule, "name"), text_of(rule, "check")});
  }
  return table;
}

}  // namespace

PipelineSpec::OnDrift PipelineSpec::on_drift_of(std::string_view written) {
  return written == "ignore" ? OnDrift::ignore : written == "reject" ? OnDrift::reject : OnDrift::wait;
}

std::string PipelineSpec::to_json() const {
  std::string out = "{";
  append_member(out, "pipeline", pipeline);
  append_member(out, "dead_letter_topic", dead_letter_topic);
  append_member(out, "written", written);
  append_member(out, "consistency", by_key ? "key" : "batch");
  append_array(out, "tables", tables, [&](const Table& table) { append_table(out, table); });
  append_strings(out, "indexes_built", indexes_built);
  append_strings(out, "topics_created", topics_created);
  out.push_back('}');
  return out;
}

PipelineSpec PipelineSpec::from_json(std::string_view text) {
  try {
    json::parser parser;
    const json::element root = parser.parse(text.data(), text.size());
    PipelineSpec spec;
    spec.pipeline = text_of(root, "pipeline");
    spec.dead_letter_topic = text_of(root, "dead_letter_topic");
    spec.written = text_of(root, "written");
    spec.by_key = text_of(root, "consistency") == "key";
    for (json::element table : root["tables"].get_array()) spec.tables.push_back(table_of(table));
    spec.indexes_built = texts_of(root, "indexes_built");
    spec.topics_created = texts_of(root, "topics_created");
    return spec;
  } catch (const simdjson::simdjson_error& problem) {
    throw Failure(ErrorKind::bug, std::string("penstock.pipeline holds what this version cannot read: ") +
                                      simdjson::error_message(problem.error()));
  }
}

}  // namespace penstock
