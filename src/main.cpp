#include <malloc.h>

#include "cli/cli.hpp"

int main(int argc, char** argv) {
  // Messages are allocated by librdkafka's threads and freed by ours. Arenas of their own would keep what the others
  // have freed: in bulk 55 MB instead of 70, and no more processor time.
  mallopt(M_ARENA_MAX, 1);
  // Each batch of records is compressed in buffers that are made anew. Given back to the system every time they cost
  // 7 % of the processor time at 1,000 changes a second.
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  return penstock::cli::run(argc, argv);
}
