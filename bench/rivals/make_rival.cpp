#include "rivals/make_rival.hpp"

#include <stdexcept>

#include "rivals/floor.hpp"
#include "rivals/native.hpp"
#include "rivals/penstock.hpp"

namespace penstock::bench {

std::unique_ptr<Rival> make_rival(const std::string& name, Place place, const Setup& setup) {
  if (name == "floor") return std::make_unique<Floor>(std::move(place));
  if (name == "penstock") return std::make_unique<Penstock>(std::move(place), setup.penstock);
  if (name == "native") return std::make_unique<Native>(std::move(place));
  throw std::runtime_error("no rival is called " + name);
}

bool needs_logical_decoding(const std::string& name) { return name == "native" || name.starts_with("debezium"); }

}  // namespace penstock::bench
