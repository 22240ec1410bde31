#include "apply/table/table_applier.hpp"

#include <algorithm>

#include "apply/table/multiset.hpp"
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
  co_await table.load_columns(connection);
  std::vector<std::pair<std::string_view, std::string*>> kinds{{"validate", &table.validate_}};
  if (!table.keyless()) {
    kinds.emplace_back("mixed_delete", &table.mixed_delete_);
    kinds.emplace_back("delete_keys", &table.delete_keys_);
    kinds.emplace_back("key_groups", &table.key_groups_);
  }
  for (const auto& [kind, statement] : kinds) {
    std::string name = co_await table.prepare_statement(connection, kind, "", spec.key);
    *statement = std::move(name);
  }
  co_return table;
}

Task<void> TableApplier::load_columns(pg::Connection& connection) {
  const pg::Result rows = co_await connection.query(sql::target::target_columns, pg::Params().add(spec_->target));
  if (rows.empty()) {
    throw Failure(
        ErrorKind::setup,
        fmt::format("B has no table {}: create it; what had been copied to it is not in a new one until {} is "
                    "copied anew",
                    spec_->target, spec_->relation));
  }
  for (int row = 0; row < rows.rows(); ++row) {
    columns_.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.boolean(row, 2)});
    delete_cascades_ = rows.boolean(row, 3);
    own_rows_ = std::string(rows.text(row, 5)) + spec_->target;
    definition_.append(rows.text(row, 4)).push_back('\n');
  }
}

Task<std::string> TableApplier::prepare_statement(pg::Connection& connection, std::string_view kind,
                                                  std::string_view suffix,
                                                  const std::vector<std::string>& columns) const {
  pg::Params params;
  params.add(spec_->target).add(json_names(spec_->key)).add(json_names(columns));
  params.add(json_rules(spec_->rules)).add(kind);
  const pg::Result text = co_await connection.query(kGenerate, params);
  std::string name = fmt::format("{}_{}{}", kind, number_, suffix);
  co_await connection.prepare(name, text.text(0, 0));
  co_return name;
}

void TableApplier::recognise(Record& record) {
  const std::string_view row = record.row();
  if (row.empty()) return;
  record.shape = scan_.shape_of(row);
  drifting_ = drifting_ || (record.shape < shapes_.size() && !shapes_[record.shape].drift.empty());
}

Task<void> TableApplier::learn(pg::Connection& connection, std::span<Record> records) {
  // Rare: the target may have got a column since, which would be left out, or refused, without need.
  co_await expect_unaltered(connection);
  while (shapes_.size() < scan_.shapes()) {
    Shape shape = co_await make_shape(connection, shapes_.size());
    shapes_.push_back(std::move(shape));
  }
  drifting_ = false;
  if (spec_->on_drift != PipelineSpec::OnDrift::reject) co_return;
  for (Record& record : records) {
    if (record.is_row() && record.table == number_ && !record.row().empty()) record.drifted = !drift_of(record).empty();
  }
}

Task<TableApplier::Shape> TableApplier::make_shape(pg::Connection& connection, std::size_t number) const {
  const std::vector<std::string>& members = scan_.members(number);
  const auto carried = [&](const Column& column) {
    return std::find(members.begin(), members.end(), column.member) != members.end();
  };
  Shape shape;
  bool needed = false;
  shape.drift = drift_between(members, needed);
  const bool wait =
      spec_->on_drift == PipelineSpec::OnDrift::wait || (needed && spec_->on_drift == PipelineSpec::OnDrift::ignore);
  if (!shape.drift.empty() && wait) throw Failure(ErrorKind::setup, shape.drift);
  std::vector<std::string> written;
  for (const auto& column : columns_) {
    if (carried(column)) written.push_back(column.name);
  }
  const std::string suffix = fmt::format("_{}", number);
  shape.insert = co_await prepare_statement(connection, "insert", suffix, written);
  if (keyless()) {
    shape.remove = co_await prepare_statement(connection, "remove", suffix, written);
  } else {
    shape.upsert = co_await prepare_statement(connection, "upsert", suffix, written);
    shape.mixed_upsert = co_await prepare_statement(connection, "mixed_upsert", suffix, written);
  }
  co_return shape;
}

// One that the target lacks would be dropped by json_populate_recordset without a word; one that only the target has
// is not written, which it must bear.
std::string TableApplier::drift_between(const std::vector<std::string>& members, bool& needed) const {
  std::string lacking, unfilled;
  for (const auto& member : members) {
    const bool known = std::any_of(columns_.begin(), columns_.end(), [&](const auto& c) { return c.member == member; });
    if (!known) lacking.append(lacking.empty() ? "" : ", ").append(member);
  }
  for (const auto& column : columns_) {
    const bool missing = column.needed && std::find(members.begin(), members.end(), column.member) == members.end();
    if (missing) unfilled.append(unfilled.empty() ? "" : ", ").append(column.member);
  }
  needed = !unfilled.empty();
  std::string drift;
  if (!lacking.empty()) {
    drift = fmt::format("{} has on A what {} lacks on B, the column {}: add it there", spec_->relation, spec_->target,
                        lacking);
  }
  if (!unfilled.empty()) {
    drift += fmt::format(
        "{}{} has on B what {} lacks on A, the column {}, NOT NULL without a default: give it one, or "
        "drop it",
        drift.empty() ? "" : "; ", spec_->target, spec_->relation, unfilled);
  }
  return drift;
}

Task<void> TableApplier::expect_unaltered(pg::Connection& connection) const {
  TableApplier now;
  now.spec_ = spec_;
  co_await now.load_columns(connection);
  if (now.definition_ != definition_) {
    throw Failure(ErrorKind::transient,
                  fmt::format("{} was altered on B: its statements are made anew", spec_->target));
  }
}

Task<void> TableApplier::keep_unaltered(pg::Connection& connection) const {
  const std::string lock = fmt::format("lock table only {} in row exclusive mode", spec_->target);
  co_await connection.script(lock);
  co_await expect_unaltered(connection);
}

void TableApplier::append_steps(RoundTrip& trip, std::span<const Record* const> changes, Inserts inserts) const {
  fire_or_not(trip, [&] { append_runs(trip, changes, inserts); });
}

void TableApplier::append_inserts(RoundTrip& trip, std::span<const Record* const> changes) const {
  fire_or_not(trip, [&] { append_added(trip, changes); });
}

std::size_t TableApplier::append_remove(RoundTrip& trip, std::span<const Record* const> changes) const {
  std::size_t step = 0;
  fire_or_not(trip, [&] {
    step = trip.size();
    append_removed(trip, changes, false);
  });
  return step;
}

void TableApplier::append_delete_keys(RoundTrip& trip, std::span<const Record* const> changes) const {
  fire_or_not(trip, [&] { append_deletes(trip, changes); });
}

// B's own triggers.
template <class Append>
void TableApplier::fire_or_not(RoundTrip& trip, Append append) const {
  if (!spec_->triggers) trip.silence_triggers();
  append();
  if (!spec_->triggers) trip.resume_triggers();
}

// Images of one shape go through one statement. Where the shape changes the order decides: what comes later is put
// over what came earlier.
void TableApplier::append_runs(RoundTrip& trip, std::span<const Record* const> changes, Inserts inserts) const {
  const auto inserted = [](const Record* change) { return change->op == Op::create; };
  const bool plain = inserts == Inserts::plain && std::all_of(changes.begin(), changes.end(), inserted);
  while (!changes.empty()) {
    const std::size_t count = of_one_shape(changes);
    if (keyless()) {
      append_sum(trip, changes.first(count));
    } else if (plain) {
      append_added(trip, changes.first(count));
    } else {
      append_run(trip, changes.first(count));
    }
    changes = changes.subspan(count);
  }
}

// What goes goes first, so that a value of a unique index may move.
void TableApplier::append_sum(RoundTrip& trip, std::span<const Record* const> changes) const {
  const Multiset sum = sum_up({}, changes, Untouched::left_out);
  if (!sum.removed.empty()) append_removed(trip, sum.removed, true);
  append_added(trip, sum.added);
}

void TableApplier::append_removed(RoundTrip& trip, std::span<const Record* const> changes, bool all_there) const {
  pg::Params params;
  params.add_ref(trip.keep(json_array(changes, &Record::old_image))).add(all_there);
  trip.add(shapes_[changes.front()->shape].remove, std::move(params));
}

void TableApplier::append_added(RoundTrip& trip, std::span<const Record* const> changes) const {
  while (!changes.empty()) {
    const auto run = changes.first(of_one_shape(changes));
    pg::Params params;
    params.add_ref(trip.keep(json_array(run)));
    trip.add(shapes_[run.front()->shape].insert, std::move(params));
    changes = changes.subspan(run.size());
  }
}

void TableApplier::append_run(RoundTrip& trip, std::span<const Record* const> changes) const {
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
  if (images.empty()) return append_deletes(trip, deletes);
  const Shape& shape = shapes_[images.front()->shape];
  const char* array = trip.keep(json_array(images));
  if (deletes.empty()) {
    trip.add(shape.upsert, std::move(pg::Params().add_ref(array)));
    return;
  }
  const char* keys = trip.keep(json_array(deletes));
  const char* array_ordinals = trip.keep(image_ordinals + "}");
  const char* key_ordinals = trip.keep(delete_ordinals + "}");
  for (const std::string* statement : {&mixed_delete_, &shape.mixed_upsert}) {
    pg::Params params;
    params.add_ref(array).add_ref(array_ordinals).add_ref(keys).add_ref(key_ordinals);
    trip.add(*statement, std::move(params));
  }
}

void TableApplier::append_deletes(RoundTrip& trip, std::span<const Record* const> changes) const {
  if (changes.empty()) return;
  pg::Params params;
  params.add_ref(trip.keep(json_array_of_keys(changes)));
  trip.add(delete_keys_, std::move(params));
}

std::string TableApplier::key_of(const Record& change) const {
  if (change.image_is_key() || keyless()) return std::string(change.image);
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
