#include <iostream>

#include <simdjson.h>
#include <spdlog/fmt/fmt.h>

#include "cli/command.hpp"
#include "model/json_text.hpp"
#include "ops/dead_letters.hpp"

namespace penstock::cli {
namespace {

struct Options {
  ops::DeadLetterFilter filter;
  bool json = false;
};

Task<int> list(const Config& config, std::shared_ptr<Options> options) {
  const auto letters = co_await ops::list_dead_letters(config, options->filter);
  if (!options->json) {
    std::cout << ops::to_text(letters);
    co_return 0;
  }
  std::string out = "[";
  for (const auto& letter : letters) out.append(out.size() > 1 ? ",\n" : "").append(letter.to_json());
  std::cout << out << "]\n";
  co_return 0;
}

// A member of bytes: as text where they are UTF-8, in hexadecimal where JSON cannot hold them.
void append_bytes(std::string& out, const std::string& name, const std::string& bytes) {
  if (simdjson::validate_utf8(bytes)) {
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, bytes);
    return;
  }
  append_json_string(out, name + "_hex");
  out.append(":\"");
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  out.push_back('"');
}

std::string record_json(const ops::DeadLetterRecord& record) {
  std::string out = "{";
  append_bytes(out, "key", record.key);
  out.push_back(',');
  append_bytes(out, "value", record.value);
  out.append(",\"headers\":{");
  for (const auto& [name, value] : record.headers) {
    if (out.back() != '{') out.push_back(',');
    append_bytes(out, name, value);
  }
  return out + "}}";
}

void print(const ops::DeadLetter& letter, const std::optional<ops::DeadLetterRecord>& record) {
  std::cout << "id       " << letter.id << "\nstate    " << letter.state << "\ntable    " << letter.relation
            << "\nkey      " << letter.key << "\nstage    " << letter.stage << " " << letter.rule << letter.sqlstate
            << "\nmessage  " << letter.message << "\nat       " << letter.rejected_at << "\n";
  if (!record) {
    std::cout << "The topic does not have it any more.\n\n";
    return;
  }
  for (const auto& [name, value] : record->headers) std::cout << "header   " << name << ": " << value << "\n";
  std::cout << "value    " << record->value << "\n\n";
}

Task<int> show(const Config& config, std::shared_ptr<Options> options) {
  const auto letters = co_await ops::list_dead_letters(config, options->filter);
  if (letters.empty()) throw Failure(ErrorKind::usage, "no such dead letter; `penstock dlq list` shows them");
  const bool several = letters.size() > 1 || !options->filter.id;
  std::string out;
  for (const auto& letter : letters) {
    const auto record = co_await ops::read_dead_letter(config, letter);
    if (options->json) {
      out.append(out.empty() ? "" : ",\n").append("{\"ledger\":").append(letter.to_json()).append(",\"record\":");
      out.append(record ? record_json(*record) : "null").append("}");
    } else {
      print(letter, record);
    }
  }
  if (options->json) std::cout << (several ? "[" + out + "]" : out) << "\n";
  co_return 0;
}

// Which ones: the same for every command on dead letters.
void add_filter(CLI::App& command, Options& options) {
  command.add_option("--rule", options.filter.rule, "of this rule, or SQLSTATE");
  command.add_option("--table", options.filter.table, "of this table on A: public.employee_a");
  command.add_option("--key", options.filter.key, "of this key: '{\"emp_id\":7}', or 7 where it is one column");
  command.add_option("--since", options.filter.since, "rejected since: '2026-01-31 10:00', or 30m, 24h, 7d ago");
  command.add_option("--state", options.filter.state, "open, superseded, replayed or discarded")
      ->check(CLI::IsMember({"open", "superseded", "replayed", "discarded"}));
  command.add_option("--limit", options.filter.limit, "at most this many (100)")->check(CLI::Range(1, 1'000'000'000));
  command.add_flag("--json", options.json, "as JSON");
}

}  // namespace

void add_dlq(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("dlq", "dead letters: changes that a rule or B refused");
  command->require_subcommand(1);
  auto* list_command = command->add_subcommand("list", "the ledger, oldest first");
  add_filter(*list_command, *options);
  auto* show_command = command->add_subcommand("show", "dead letters with their original bytes and headers");
  show_command->add_option("id", options->filter.id, "its number in the list");
  add_filter(*show_command, *options);
  list_command->callback([=, &chosen] { chosen = [options](const Config& config) { return list(config, options); }; });
  show_command->callback([=, &chosen] { chosen = [options](const Config& config) { return show(config, options); }; });
}

}  // namespace penstock::cli
