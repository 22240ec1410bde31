#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "config/config.hpp"

namespace penstock {

// One TOML table with every complaint at its place. Keys that were never asked for are reported by end(), with the
// nearest that could have been meant.
class SectionReader {
 public:
  SectionReader(const toml::table& table, std::string file, std::string section);

  std::string required_text(const std::string& key);
  std::optional<std::string> text(const std::string& key);  // ${NAME} expanded; $${ is ${
  std::optional<std::int64_t> number(const std::string& key);
  std::vector<std::string> texts(const std::string& key);
  // Any keys with scalar values, as text; ends the section.
  std::map<std::string, std::string> all_texts();
  // A table of this table, or nullptr; an array of tables.
  const toml::table* section(const std::string& key);
  const toml::table& required_section(const std::string& key);
  std::vector<const toml::table*> sections(const std::string& key);
  // An option whose other values a later version brings.
  void only_default(const std::string& key, const std::string& value, const std::vector<std::string>& later);

  void end() const;
  Config::Place place() const { return place_of(table_); }
  Config::Place place_of(const std::string& key) const;
  const std::string& name() const { return section_; }

 private:
  Config::Place place_of(const toml::node& node) const;
  const toml::node* find(const std::string& key);
  // Says that a key is missing, or that another one looks like it mistyped.
  [[noreturn]] void missing(const std::string& key, const std::string& complaint) const;
  [[noreturn]] void unknown(const toml::key& name, const std::string& meant) const;
  [[noreturn]] void wrong_type(const toml::node& node, const std::string& key, const char* wanted) const;
  std::string expand(const std::string& text, const toml::node& node) const;

  const toml::table& table_;
  const std::string file_;
  const std::string section_;
  std::vector<std::string> asked_;
};

}  // namespace penstock
