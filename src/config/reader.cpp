#include "config/reader.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/nearest.hpp"

namespace penstock {

SectionReader::SectionReader(const toml::table& table, std::string file, std::string section)
    : table_(table), file_(std::move(file)), section_(std::move(section)) {}

Config::Place SectionReader::place_of(const toml::node& node) const {
  const auto begin = node.source().begin;
  return {file_, begin.line, begin.column};
}

Config::Place SectionReader::place_of(const std::string& key) const {
  const toml::node* node = table_.get(key);
  return node == nullptr ? place() : place_of(*node);
}

const toml::node* SectionReader::find(const std::string& key) {
  asked_.push_back(key);
  return table_.get(key);
}

void SectionReader::wrong_type(const toml::node& node, const std::string& key, const char* wanted) const {
  throw ConfigError(place_of(node), "\"" + key + "\" must be " + wanted);
}

std::string SectionReader::expand(const std::string& text, const toml::node& node) const {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto begin = text.find("${", at);
    out.append(text, at, begin == std::string::npos ? begin : begin - at);
    if (begin == std::string::npos) return out;
    if (begin > at && text[begin - 1] == '$') {  // $${ stands for ${ itself
      out.push_back('{');
      at = begin + 2;
      continue;
    }
    const auto end = text.find('}', begin);
    const std::string name = text.substr(begin + 2, end == std::string::npos ? end : end - begin - 2);
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(),
                                                      [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (end == std::string::npos || !is_name)
      throw ConfigError(place_of(node),
                        "\"${\" without a variable's name and \"}\"; write $${ for the characters themselves");
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) throw ConfigError(place_of(node), "the environment variable " + name + " is not set");
    out.append(value);
    at = end + 1;
  }
}

std::optional<std::string> SectionReader::text(const std::string& key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::string>();
  if (!value) wrong_type(*node, key, "a text in quotes");
  return expand(*value, *node);
}

std::string SectionReader::required_text(const std::string& key) {
  const auto value = text(key);
  if (!value) missing(key, " needs \"" + key + "\"");
  if (value->empty()) throw ConfigError(place_of(key), "\"" + key + "\" is empty");
  return *value;
}

void SectionReader::missing(const std::string& key, const std::string& complaint) const {
  // A key that is almost the one that is missing is that one, mistyped.
  for (const auto& [name, node] : table_) {
    const std::string written(name.str());
    if (nearest(written, {key}).empty() || std::find(asked_.begin(), asked_.end(), written) != asked_.end()) continue;
    unknown(name, key);
  }
  throw ConfigError(place(), section_ + complaint);
}

void SectionReader::unknown(const toml::key& name, const std::string& meant) const {
  const auto begin = name.source().begin;
  const bool is_section = table_.get(name.str())->is_table();
  const char* const open = is_section ? "[" : "\"";
  const char* const close = is_section ? "]" : "\"";
  throw ConfigError({file_, begin.line, begin.column},
                    std::string("unknown ") + (is_section ? "section " : "key ") + open + std::string(name.str()) +
                        close + " in " + section_ +
                        (meant.empty() ? std::string() : std::string("; did you mean ") + open + meant + close + "?"));
}

std::optional<std::int64_t> SectionReader::number(const std::string& key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::int64_t>();
  if (!value) wrong_type(*node, key, "a whole number");
  return value;
}

std::vector<std::string> SectionReader::texts(const std::string& key) {
  std::vector<std::string> values;
  const toml::node* node = find(key);
  if (node == nullptr) return values;
  const toml::array* array = node->as_array();
  if (array == nullptr) wrong_type(*node, key, "a list of texts, [\"…\"]");
  for (const toml::node& item : *array) {
    const auto value = item.value_exact<std::string>();
    if (!value) wrong_type(item, key, "a list of texts, [\"…\"]");
    values.push_back(expand(*value, item));
  }
  return values;
}

std::map<std::string, std::string> SectionReader::all_texts() {
  std::map<std::string, std::string> values;
  for (const auto& [name, node] : table_) {
    const std::string key(name.str());
    if (const auto text_value = node.value_exact<std::string>()) {
      values[key] = expand(*text_value, node);
    } else if (const auto whole = node.value_exact<std::int64_t>()) {
      values[key] = std::to_string(*whole);
    } else if (const auto yes = node.value_exact<bool>()) {
      values[key] = *yes ? "true" : "false";
    } else {
      wrong_type(node, key, "a text, a whole number, true or false");
    }
  }
  return values;
}

const toml::table& SectionReader::required_section(const std::string& key) {
  const toml::table* found = section(key);
  if (found == nullptr) missing(key, " has no [" + key + "] section");
  return *found;
}

const toml::table* SectionReader::section(const std::string& key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr) wrong_type(*node, key, "a section");
  return node->as_table();
}

std::vector<const toml::table*> SectionReader::sections(const std::string& key) {
  std::vector<const toml::table*> tables;
  const toml::node* node = find(key);
  if (node == nullptr) return tables;
  const toml::array* array = node->as_array();
  if (array == nullptr) wrong_type(*node, key, ("written [[" + key + "]]").c_str());
  for (const toml::node& item : *array) {
    if (item.as_table() == nullptr) wrong_type(item, key, ("written [[" + key + "]]").c_str());
    tables.push_back(item.as_table());
  }
  return tables;
}

void SectionReader::only_default(const std::string& key, const std::string& value,
                                 const std::vector<std::string>& later) {
  const auto written = text(key);
  if (!written || *written == value) return;
  if (std::find(later.begin(), later.end(), *written) != later.end()) {
    throw ConfigError(place_of(key), key + " = \"" + *written +
                                         "\" is not supported by this version yet; leave it at \"" + value + "\"");
  }
  throw ConfigError(place_of(key), "\"" + key + "\" must be \"" + value + "\"");
}

void SectionReader::end() const {
  for (const auto& [name, node] : table_) {
    const std::string key(name.str());
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) unknown(name, nearest(key, asked_));
  }
}

}  // namespace penstock
