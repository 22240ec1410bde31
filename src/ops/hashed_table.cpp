#include "ops/hashed_table.hpp"

#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

// Some 2 MB of keys and hashes.
constexpr std::string_view kFetch = "fetch 10000 from penstock_rows";

}  // namespace

Task<HashedTable::Comparison> compare_types(pg::Connection& a, const std::string& table_a, pg::Connection& b,
                                            const std::string& table_b, const std::vector<std::string>& columns) {
  const pg::Result on_a = co_await a.query(sql::common::column_types, pg::Params::of(table_a, columns));
  const pg::Result on_b = co_await b.query(sql::common::column_types, pg::Params::of(table_b, columns));
  if (on_a.rows() != std::ssize(columns) || on_b.rows() != std::ssize(columns)) {
    throw Failure(ErrorKind::setup, "the columns of " + table_a +
                                        " on A, or of its target on B, are not those that were installed: run "
                                        "`penstock migrate`");
  }
  HashedTable::Comparison how;
  for (int i = 0; i < on_a.rows(); ++i) {
    const bool same_type = on_a.text(i, 0) == on_b.text(i, 0);
    const bool same_kind = on_a.text(i, 1) == on_b.text(i, 1);
    how.emplace_back(same_type ? "as is" : same_kind ? on_a.text(i, 1) : "text");
  }
  co_return how;
}

Task<HashedTable> HashedTable::open(pg::Connection& connection, const std::string& table,
                                    const std::vector<std::string>& columns, const std::vector<std::string>& key,
                                    const Comparison& how) {
  HashedTable opened(connection);
  opened.keyless_ = key.empty();
  const std::string_view sql =
      opened.keyless_ ? sql::common::verify_multiset_statements : sql::common::verify_statements;
  const pg::Params params =
      opened.keyless_ ? pg::Params::of(table, columns, how) : pg::Params::of(table, columns, key, how);
  const pg::Result row = co_await connection.query(sql, params);
  opened.buckets_sql_ = row.text(0, 0);
  opened.rows_sql_ = row.text(0, 1);
  opened.lookup_sql_ = row.text(0, 2);
  co_return opened;
}

Task<std::map<std::int64_t, HashedTable::Bucket>> HashedTable::buckets(std::int64_t count) {
  const pg::Result rows = co_await connection_.query(buckets_sql_, pg::Params::of(count));
  std::map<std::int64_t, Bucket> all;
  for (int row = 0; row < rows.rows(); ++row)
    all[rows.int64(row, 0)] = {rows.int64(row, 1), std::string(rows.text(row, 2))};
  co_return all;
}

Task<void> HashedTable::begin_rows(std::int64_t count, const std::vector<std::int64_t>& buckets) {
  std::vector<std::string> numbers;
  for (const auto bucket : buckets) numbers.push_back(std::to_string(bucket));
  const pg::Params params = pg::Params::of(count, numbers);
  co_await connection_.query(rows_sql_, params);
  fetched_.reset();
}

Task<std::map<std::string, std::string>> HashedTable::rows_of(std::int64_t bucket) {
  std::map<std::string, std::string> all;
  while (true) {
    if (!fetched_ || row_ == fetched_->rows()) {
      pg::Result next = co_await connection_.query(kFetch);
      fetched_.emplace(std::move(next));
      row_ = 0;
      if (fetched_->empty()) co_return all;
    }
    for (; row_ < fetched_->rows(); ++row_) {
      if (fetched_->int64(row_, 0) != bucket) co_return all;
      all.emplace(fetched_->text(row_, 1), fetched_->text(row_, 2));
    }
  }
}

Task<void> HashedTable::end_rows() { co_await connection_.query("close penstock_rows"); }

Task<HashedTable::Looked> HashedTable::look_up_and(const std::vector<std::string>& keys, std::string_view more,
                                                   pg::Params params) {
  std::string array = "[";
  for (const auto& key : keys) array.append(array.size() > 1 ? "," : "").append(key);
  array.push_back(']');
  // Statements of one REPEATABLE READ transaction have one snapshot.
  std::vector<pg::Connection::Step> steps(5);
  steps[0] = {"begin isolation level repeatable read read only", {}, false};
  steps[1] = {"select pg_current_snapshot()", {}, false};
  steps[2] = {lookup_sql_, pg::Params::of(array), false};
  steps[3] = {more, std::move(params), false};
  steps[4] = {"commit", {}, false};
  const std::vector<pg::Result> results = co_await connection_.pipeline(steps);
  Looked looked;
  looked.snapshot = results[1].text(0, 0);
  const pg::Result& rows = results[2];
  for (int row = 0; row < rows.rows(); ++row) {
    looked.hashes.push_back(rows.is_null(row, 1) ? RowHash() : RowHash(rows.text(row, 1)));
    if (!keyless_) continue;
    looked.images.emplace_back(rows.text(row, 2));
    looked.rows.emplace_back(rows.text(row, 3));
  }
  const pg::Result& rejects = results[3];
  for (int row = 0; row < rejects.rows(); ++row) looked.rejects.emplace(rejects.text(row, 0), rejects.int64(row, 1));
  co_return looked;
}

Task<HashedTable::Looked> HashedTable::look_up(const std::vector<std::string>& keys) {
  Looked looked = co_await look_up_and(keys, "select where false", {});
  co_return looked;
}

Task<HashedTable::Looked> HashedTable::look_up_with_rejects(const std::vector<std::string>& keys, const Looked& on_a,
                                                            const std::string& pipeline, const std::string& relation) {
  if (!keyless_) {
    pg::Params which = pg::Params::of(pipeline, relation, keys);
    Looked looked = co_await look_up_and(keys, sql::target::explained_keys, std::move(which));
    co_return looked;
  }
  std::vector<std::string> images;
  for (const auto& some : on_a.images) images.push_back(some.empty() ? "{}" : some);
  pg::Params which = pg::Params::of(pipeline, relation, keys, images);
  Looked looked = co_await look_up_and(keys, sql::target::explained_rows, std::move(which));
  co_return looked;
}

}  // namespace penstock::ops
