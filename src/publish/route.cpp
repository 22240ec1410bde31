#include "publish/route.hpp"

#include "base/check.hpp"

namespace penstock::publish {

Routes::Routes(std::vector<Route> routes) : routes_(std::move(routes)) {
  PENSTOCK_CHECK(!routes_.empty());
  for (std::size_t i = 0; i < routes_.size(); ++i) by_relation_.emplace(routes_[i].relation, i);
}

const Route& Routes::of(std::string_view relation) const {
  const auto found = by_relation_.find(relation);
  if (found == by_relation_.end()) {
    throw Failure(ErrorKind::setup, "the journal holds changes of " + std::string(relation) +
                                        ", which the configuration does not name: run `penstock migrate`");
  }
  return routes_[found->second];
}

}  // namespace penstock::publish
