#include "rivals/make_rival.hpp"

#include <stdexcept>

#include "rivals/debezium.hpp"
#include "rivals/floor.hpp"
#include "rivals/naive.hpp"
#include "rivals/native.hpp"
#include "rivals/penstock.hpp"

namespace penstock::bench {

std::unique_ptr<Rival> RivalMaker::make(const std::string& name, Place place, const Setup& setup) {
  if (name == "floor") return std::make_unique<Floor>(std::move(place));
  if (name == "penstock") return std::make_unique<Penstock>(std::move(place), setup.penstock);
  if (name == "penstock-key") return std::make_unique<PenstockByKey>(std::move(place), setup.penstock);
  if (name == "native" || name == "native-async") {
    return std::make_unique<Native>(std::move(place), name == "native");
  }
  if (name == "naive") return std::make_unique<Naive>(std::move(place), setup.naive);
  if (name == "debezium" || name == "debezium-tuned") {
    if (!connect_) connect_ = std::make_shared<Connect>(setup.connect_jars, place.kafka, place.directory + "/connect");
    return std::make_unique<Debezium>(std::move(place), connect_, name == "debezium-tuned");
  }
  throw std::runtime_error("no rival is called " + name);
}

}  // namespace penstock::bench
