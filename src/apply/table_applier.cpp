#include "apply/table_applier.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::apply {
namespace {

std::string json_rules(const std::vector<RuleSpec>& rules) {
  std::string out = "[";
  for (const auto& rule : rules) {
    out.append(out.size() > 1 ? ",{\"name\":" : "{\"name\":");
    append_json_string(out, rule.name);
    out.append(",\"check\":");
    append_json_string(out, rule.check);
    out.push_back('}');
  }
  out.push_back(']');
  return out;
}

// A JSON array of strings, which the server turns into text[].
std::string json_names(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, name);
  }
  out.push_back(']');
  return out;
}

constexpr std::string_view kGenerate =
    "select penstock.apply_sql($1, array(select json_array_elements_text($2)), array(select "
    "json_array_elements_text($3)), "
    "$4, $5)";

}  // namespace

Task<TableApplier> TableApplier::prepare(pg::Connection& connection, const TableSpec& spec, std::size_t number) {
  TableApplier table;
  table.spec_ = &spec;
  table.number_ = number;
  table.keys_ = KeyExtractor(spec.key);
  std::vector<std::string> names;
  const pg::Result columns = co_await connection.query(sql::target::target_columns, pg::Params().add(spec.target));
  for (int row = 0; row < columns.rows(); ++row) {
    names.emplace_back(columns.text(row, 0));
    table.delete_cascades_ = columns.boolean(row, 1);
  }
  table.columns_ = ColumnScan(names);
  co_await table.generate(connection);
  co_return table;
}

Task<void> TableApplier::generate(pg::Connection& connection) {
  const std::array<std::pair<std::string_view, std::string*>, 6> kinds{{{"upsert", &upsert_},
                                                                        {"mixed_delete", &mixed_delete_},
                                                                        {"mixed_upsert", &mixed_upsert_},
                                                                        {"delete_keys", &delete_keys_},
                                                                        {"validate", &validate_},
                                                                        {"key_groups", &key_groups_}}};
  // Before the first image nothing is known to be written but the key.
  const std::vector<std::string>& written = columns_.seen().empty() ? spec_->key : columns_.seen();
  ++generation_;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& [kind, name] = kinds[i];
    pg::Params params;
    params.add(spec_->target).add(json_names(spec_->key)).add(json_names(written));
    params.add(json_rules(spec_->rules)).add(kind);
    const pg::Result text = co_await connection.query(kGenerate, params);
    *name = fmt::format("{}_{}_{}", kind, number_, generation_);
    co_await connection.prepare(*name, text.text(0, 0));
  }
}

Task<void> TableApplier::follow_columns(pg::Connection& connection, std::span<const Record* const> changes) {
  bool grown = false;
  for (const Record* change : changes) {
    if (change->image_is_key()) continue;
    grown |= follow(change->image);
  }
  if (grown) co_await generate(connection);
}

bool TableApplier::follow(std::string_view image) {
  const ColumnScan::Look seen = columns_.look(image);
  if (seen.unknown) {
    throw Failure(ErrorKind::setup, fmt::format("{} has a column {} on A that {} lacks on B: add it there",
                                                spec_->relation, *seen.unknown, spec_->target));
  }
  return seen.news;
}

void TableApplier::append_steps(RoundTrip& trip, std::span<const Record* const> changes) const {
  Changes images, deletes;
  std::string image_ordinals = "{", delete_ordinals = "{";
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const bool is_delete = changes[i]->op == Op::remove;
    (is_delete ? deletes : images).push_back(changes[i]);
    std::string& ordinals = is_delete ? delete_ordinals : image_ordinals;
    if (ordinals.size() > 1) ordinals.push_back(',');
    ordinals.append(std::to_string(i));
  }
  if (images.empty() && deletes.empty()) return;
  if (images.empty()) return append_delete_keys(trip, deletes);
  const char* array = trip.keep(json_array(images));
  if (deletes.empty()) {
    trip.add(upsert_, std::move(pg::Params().add_ref(array)));
    return;
  }
  const char* keys = trip.keep(json_array(deletes));
  const char* array_ordinals = trip.keep(image_ordinals + "}");
  const char* key_ordinals = trip.keep(delete_ordinals + "}");
  for (const std::string* statement : {&mixed_delete_, &mixed_upsert_}) {
    pg::Params params;
    params.add_ref(array).add_ref(array_ordinals).add_ref(keys).add_ref(key_ordinals);
    trip.add(*statement, std::move(params));
  }
}

void TableApplier::append_delete_keys(RoundTrip& trip, std::span<const Record* const> changes) const {
  if (changes.empty()) return;
  pg::Params params;
  params.add_ref(trip.keep(json_array_of_keys(changes)));
  trip.add(delete_keys_, std::move(params));
}

std::string TableApplier::key_of(const Record& change) const {
  if (change.image_is_key()) return std::string(change.image);
  std::string key;
  if (!keys_.append_key(key, change.image)) key = "{}";
  return key;
}

std::string TableApplier::json_array_of_keys(std::span<const Record* const> changes) const {
  std::string out = "[";
  for (const Record* change : changes) {
    if (out.size() > 1) out.push_back(',');
    out.append(key_of(*change));
  }
  out.push_back(']');
  return out;
}

}  // namespace penstock::apply
