#include "model/journal_sql.hpp"

namespace penstock {

std::string journal_sql(std::string_view statement, std::string_view pipeline) {
  static constexpr std::string_view kPlace = "{journal}";
  const std::string journal = "penstock." + std::string(pipeline) + "_cdc";
  std::string text(statement);
  for (auto at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at + journal.size())) {
    text.replace(at, kPlace.size(), journal);
  }
  return text;
}

}  // namespace penstock
