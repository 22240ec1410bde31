// The fuzzer of the config reader: build/fuzz/tests/config_fuzz -max_total_time=600 WORK tests/fuzz/corpus/config
#include "fuzz/entries.hpp"

#include <cstddef>
#include <cstdint>

#include "base/log.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  spdlog::set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  penstock::fuzz::read_config({reinterpret_cast<const char*>(data), size});
  return 0;
}
