#pragma once
#include <span>

#include "apply/batch_plan.hpp"

namespace penstock::apply {

// What changes of a table without a key come to: each takes its old image away and adds its new one, in whatever order,
// so that only the counts matter. Images are the same when their texts are.
struct Multiset {
  Changes removed;  // whose old image is to be taken away
  Changes added;    // whose image is to be added, in order
};

enum class Untouched {
  left_out,  // an update to the same image changes nothing
  replaced,  // it removes and adds its image, so that one that was refused gets another turn
};

// `waiting`: older changes whose old image is gone and whose new one is not there yet. Of changes that add the same
// image the last ones are taken.
Multiset sum_up(std::span<const Record* const> waiting, std::span<const Record* const> changes, Untouched untouched);

// Leaves out what removes an image and what adds the same.
void cancel(Multiset& sum);

}  // namespace penstock::apply
