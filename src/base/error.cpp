#include "base/error.hpp"

namespace penstock {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient: return "transient";
    case ErrorKind::setup: return "setup";
    case ErrorKind::data: return "data";
    case ErrorKind::constraint: return "constraint";
    case ErrorKind::usage: return "usage";
    case ErrorKind::safety: return "safety";
    case ErrorKind::bug: return "bug";
  }
  return "bug";
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return 2;
    case ErrorKind::transient:
    case ErrorKind::setup: return 3;
    case ErrorKind::safety: return 4;
    case ErrorKind::data:
    case ErrorKind::constraint:
    case ErrorKind::bug: return 5;
  }
  return 5;
}

}  // namespace penstock
