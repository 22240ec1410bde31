// The small corpora of the fuzzers, through the same entry points.
#include <filesystem>

#include <gtest/gtest.h>

#include "fuzz/entries.hpp"
#include "support/process.hpp"

namespace penstock {
namespace {

int replay(const std::string& reader, void (*entry)(std::string_view)) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(PENSTOCK_FUZZ_CORPUS "/" + reader)) {
    SCOPED_TRACE(file.path().filename());
    entry(test::read_file(file.path().string()));
    ++count;
  }
  return count;
}

TEST(FuzzCorpus, EnvelopesAreReadOrRefused) { EXPECT_GT(replay("envelope", fuzz::read_envelope), 5); }
TEST(FuzzCorpus, ConfigurationsAreReadOrRefused) { EXPECT_GT(replay("config", fuzz::read_config), 5); }

}  // namespace
}  // namespace penstock
