#include "model/counts.hpp"

#include <simdjson.h>

#include "base/error.hpp"

namespace penstock {

std::vector<std::pair<std::string, std::int64_t>> read_counts(std::string_view json) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  try {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(json);
    auto document = parser.iterate(padded);
    for (auto field : document.get_object()) {
      std::string name(std::string_view(field.unescaped_key()));
      const std::int64_t count = field.value().get_int64();
      counts.emplace_back(std::move(name), count);
    }
  } catch (const simdjson::simdjson_error&) {
    throw Failure(ErrorKind::bug, "a list of counts is not a JSON object of numbers");
  }
  return counts;
}

}  // namespace penstock
