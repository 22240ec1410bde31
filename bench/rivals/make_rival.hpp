#pragma once
#include <memory>
#include <string>

#include "harness/field.hpp"

namespace penstock::bench {

class Connect;

// Makes rivals by name; those on Kafka Connect share one worker.
class RivalMaker {
 public:
  // Throws std::runtime_error for a name that is not known, or when it lacks what it needs.
  std::unique_ptr<Rival> make(const std::string& name, Place place, const Setup& setup);

 private:
  std::shared_ptr<Connect> connect_;
};

}  // namespace penstock::bench
