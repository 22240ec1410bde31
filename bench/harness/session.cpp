#include "harness/session.hpp"

#include <libpq-fe.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/process.hpp"

namespace penstock::bench {
namespace {

using ResultHandle = std::unique_ptr<PGresult, decltype([](PGresult* result) { PQclear(result); })>;

ResultHandle checked(PGresult* owned) {
  ResultHandle result(owned);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return result;
  throw std::runtime_error(PQresultErrorMessage(result.get()));
}

}  // namespace

void Session::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Session::Session(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

void Session::run(const std::string& script) { checked(PQexec(connection_.get(), script.c_str())); }

Session::Rows Session::rows(const std::string& sql, const pg::Params& params) {
  const ResultHandle result = checked(
      PQexecParams(connection_.get(), sql.c_str(), params.size(), nullptr, params.values(), nullptr, nullptr, 0));
  Rows all;
  for (int r = 0; r < PQntuples(result.get()); ++r) {
    std::vector<std::string> row;
    for (int c = 0; c < PQnfields(result.get()); ++c) row.emplace_back(PQgetvalue(result.get(), r, c));
    all.push_back(std::move(row));
  }
  return all;
}

std::string Session::value(const std::string& sql, const pg::Params& params) {
  const Rows all = rows(sql, params);
  if (all.empty()) throw std::runtime_error("no row: " + sql);
  return all[0][0];
}

std::int64_t Session::number(const std::string& sql, const pg::Params& params) {
  return std::stoll(value(sql, params));
}

void Session::prepare(const std::string& name, const std::string& sql) {
  checked(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr));
}

void Session::execute(const std::string& name, const pg::Params& params) {
  checked(PQexecPrepared(connection_.get(), name.c_str(), params.size(), params.values(), nullptr, nullptr, 0));
}

pid_t server_process(const std::string& dsn) {
  Session session(dsn);  // its process must be there while it is looked at
  const auto backend = static_cast<pid_t>(session.number("select pg_backend_pid()"));
  const auto server = static_cast<pid_t>(test::status_number(backend, "PPid:"));
  if (server == 0) throw std::runtime_error("the process of a session is not on this machine");
  return server;
}

std::string sql_file(const std::string& name, const std::string& table) {
  std::ifstream in(std::string(PENSTOCK_BENCH_SQL) + "/" + name + ".sql");
  if (!in) throw std::runtime_error("bench/sql/" + name + ".sql is not there");
  std::stringstream text;
  text << in.rdbuf();
  std::string sql = text.str();
  constexpr std::string_view kTable = ":\"table\"";
  for (auto at = sql.find(kTable); at != sql.npos; at = sql.find(kTable))
    sql.replace(at, kTable.size(), '"' + table + '"');
  return sql;
}

}  // namespace penstock::bench
