#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace penstock::apply {

// Tells the shapes of a table's images apart: a shape is the members that an image names, in order. All images of a
// table have one shape until somebody alters the table, so each is compared with the one before.
class ColumnScan {
 public:
  // The image's shape, a number from 0; the next one when no image had it before.
  std::size_t shape_of(std::string_view image);

  std::size_t shapes() const { return shapes_.size(); }
  // The names of a shape's members, as JSON strings with their quotes.
  const std::vector<std::string>& members(std::size_t shape) const { return shapes_[shape]; }

 private:
  bool has_last_shape(std::string_view image) const;

  std::vector<std::vector<std::string>> shapes_;  // as many as the table was altered
  std::size_t last_ = 0;                          // of the last image
};

}  // namespace penstock::apply
