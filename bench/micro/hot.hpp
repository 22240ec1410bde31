#pragma once
#include <functional>
#include <vector>

#include "micro/samples.hpp"

namespace penstock::bench {

// Does its part for all of the samples once, and returns how many bytes it went through. Checks that it did it.
using Round = std::function<std::size_t()>;

// What every change passes on its way through the program, station by station.
struct Hot {
  const char* name;
  Round (*prepare)(Samples&);  // what is made once, in a batch or a session, is no part of the round
};
const std::vector<Hot>& hot_functions();

}  // namespace penstock::bench
