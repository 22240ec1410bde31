// The fuzzer of the envelope reader: build/fuzz/tests/envelope_fuzz -max_total_time=600 WORK tests/fuzz/corpus/envelope
#include "fuzz/entries.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  penstock::fuzz::read_envelope({reinterpret_cast<const char*>(data), size});
  return 0;
}
