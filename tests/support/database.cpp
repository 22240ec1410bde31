#include "support/database.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <optional>
#include <thread>

namespace penstock::test {
namespace {

using ResultHandle = std::unique_ptr<PGresult, decltype([](PGresult* result) { PQclear(result); })>;

std::string state_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? "08006" : state;
}

ResultHandle execute(PGconn* connection, const std::string& sql) {
  ResultHandle result(PQexec(connection, sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
    throw SqlError(state_of(result.get()), PQresultErrorMessage(result.get()));
  }
  return result;
}

}  // namespace

void Database::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Database::Database(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw SqlError("08006", PQerrorMessage(connection_.get()));
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

std::vector<Database::Row> Database::rows(const std::string& sql) {
  const ResultHandle result = execute(connection_.get(), sql);
  std::vector<Row> all;
  for (int r = 0; r < PQntuples(result.get()); ++r) {
    Row row;
    for (int c = 0; c < PQnfields(result.get()); ++c) {
      row.emplace_back(PQgetisnull(result.get(), r, c) == 1 ? "NULL" : PQgetvalue(result.get(), r, c));
    }
    all.push_back(std::move(row));
  }
  return all;
}

long long Database::changed_rows(const std::string& sql) {
  return std::atoll(PQcmdTuples(execute(connection_.get(), sql).get()));
}

void Database::copy_in(const std::string& sql, const std::string& data) {
  PGconn* connection = connection_.get();
  const ResultHandle begun(PQexec(connection, sql.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) throw SqlError(state_of(begun.get()), PQerrorMessage(connection));
  const bool sent = PQputCopyData(connection, data.data(), static_cast<int>(data.size())) == 1 &&
                    PQputCopyEnd(connection, nullptr) == 1;
  if (!sent) throw SqlError("08006", PQerrorMessage(connection));
  std::optional<SqlError> complaint;
  while (const ResultHandle ended{PQgetResult(connection)}) {
    if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) {
      complaint = SqlError(state_of(ended.get()), PQresultErrorMessage(ended.get()));
    }
  }
  if (complaint) throw *complaint;
}

void Database::run(const std::string& sql) { rows(sql); }

std::string Database::value(const std::string& sql) {
  const auto all = rows(sql);
  if (all.empty()) throw SqlError("02000", "no row: " + sql);
  return all[0][0];
}

long long Database::number(const std::string& sql) { return std::stoll(value(sql)); }

bool Database::becomes(const std::string& sql, const std::string& wanted, double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (true) {
    if (value(sql) == wanted) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace penstock::test
