#include "base/check.hpp"

#include <string>

namespace penstock::detail {

void check_failed(const char* expression, const char* file, int line) {
  throw Failure(ErrorKind::bug, std::string("check failed: ") + expression + " at " + file + ":" +
                                    std::to_string(line) + " (a bug of Penstock's: please report it with the log)");
}

}  // namespace penstock::detail
