#include "support/history.hpp"

#include <stdexcept>
#include <tuple>

#include <simdjson.h>

namespace penstock::test {
namespace {

using Position = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

struct Seen {
  std::string id, image;
};

std::string raw(simdjson::dom::element object, const char* name) {
  const simdjson::dom::element value = object[name];
  return value.is_string() ? std::string(std::string_view(value.get_string())) : simdjson::to_string(value);
}

Seen seen(simdjson::dom::element envelope) {
  const simdjson::dom::element after = envelope["after"];
  if (after.is_null()) return {raw(envelope["before"], "emp_id"), ""};
  return {raw(after, "emp_id"), raw(after, "dob") + "|" + raw(after, "salary") + "|" + raw(after, "city")};
}

}  // namespace

void keep_history(Database a) {
  a.run(R"(
    create table history (n bigserial, emp_id int, dob date, salary int, city text, gone bool not null);
    create function keep_history() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' then
        insert into history (emp_id, gone) values (old.emp_id, true);
      else
        insert into history (emp_id, dob, salary, city, gone) values (new.emp_id, new.dob, new.salary, new.city, false);
      end if;
      return null;
    end $$;
    create trigger keep_history after insert or update or delete on employee_a
      for each row execute function keep_history())");
}

// A row's lock is held from the trigger to the commit, so for one emp_id the order of n is the order of commits.
History history_of(Database a) {
  History history;
  for (const auto& row : a.rows("select emp_id, case when gone then '' else coalesce(dob::text, 'null') || '|' || "
                                "coalesce(salary::text, 'null') || '|' || city end from history order by n")) {
    history[row[0]].push_back(row[1]);
  }
  return history;
}

long long changes_of(Database a) { return a.number("select count(*) from history"); }

std::map<std::string, long long> expected_rejects(Database a) {
  std::map<std::string, long long> counts;
  for (const auto& row : a.rows("select rule, count(*) from (select case when dob < date '2008-01-01' then "
                                "'born_after_2007' when salary <= 10000 then 'salary_above_10000' when emp_id < 0 then "
                                "'no_negative_id' end as rule from history where not gone) as h where rule is not null "
                                "group by rule")) {
    counts[row[0]] = std::stoll(row[1]);
  }
  return counts;
}

History history_of(const std::vector<KafkaRecord>& records) {
  std::map<Position, Seen> by_position;
  simdjson::dom::parser parser;
  for (const auto& record : records) {
    const simdjson::dom::element envelope = parser.parse(record.value);
    const std::string_view op = envelope["op"].get_string();
    if (op == "r" || op == "m") continue;
    const simdjson::dom::element ours = envelope["source"]["penstock"];
    const Position position{ours["epoch"].get_int64(), ours["batch"].get_int64(), ours["cdc_id"].get_int64(),
                            ours["ordinal"].get_int64()};
    Seen change = seen(envelope);
    const auto [there, fresh] = by_position.emplace(position, change);
    if (!fresh && (there->second.id != change.id || there->second.image != change.image)) {
      throw std::runtime_error("one position stands for two changes, at offset " + std::to_string(record.offset));
    }
  }
  History history;
  for (auto& [position, change] : by_position) history[change.id].push_back(std::move(change.image));
  return history;
}

}  // namespace penstock::test
