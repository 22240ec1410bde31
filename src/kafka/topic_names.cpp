#include "kafka/admin.hpp"

namespace penstock::kafka {
namespace {

constexpr std::size_t kNameMax = 249;  // Kafka's own limit

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

void append_escaped(std::string& to, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  to.append("_x").push_back(kDigits[byte >> 4]);
  to.push_back(kDigits[byte & 15]);
}

void append_name(std::string& to, std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    // What looks like an escape is escaped itself, or "a_x2eb" and "a.b" would share a topic.
    const bool looks_escaped =
        name[i] == '_' && i + 3 < name.size() && name[i + 1] == 'x' && is_hex(name[i + 2]) && is_hex(name[i + 3]);
    if (is_plain(name[i]) && !looks_escaped) {
      to.push_back(name[i]);
    } else {
      append_escaped(to, name[i]);
    }
  }
}

// FNV-1a, 64 bits: the same on every machine and in every version. Two names that meet would be noticed, not mixed:
// migrate refuses a topic that belongs to another table.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string bounded(std::string name) {
  if (name.size() <= kNameMax) return name;
  const std::string hash = fmt::format("-{:016x}", hash_of(name));
  name.resize(kNameMax - hash.size());
  return name + hash;
}

}  // namespace

std::string table_topic(std::string_view prefix, std::string_view schema, std::string_view table) {
  std::string name(prefix);
  name.push_back('.');
  append_name(name, schema);
  name.push_back('.');
  append_name(name, table);
  return bounded(std::move(name));
}

std::string dead_letter_topic(std::string_view prefix, std::string_view pipeline) {
  std::string name(prefix);
  name.append(".dlq.");
  append_name(name, pipeline);
  return bounded(std::move(name));
}

std::string consumer_group(std::string_view prefix, std::string_view pipeline) {
  return fmt::format("penstock-{}.{}", prefix, pipeline);
}

}  // namespace penstock::kafka
