#pragma once
#include <optional>
#include <string>
#include <vector>

#include "harness/field.hpp"
#include "rivals/penstock.hpp"

namespace penstock::bench {

using Names = std::vector<std::string>;

// The databases of the figure "capture": one on A where each way to capture is put on tables and taken off again; one
// on the A with logical decoding ("logical"); one whose table item is copied to B by a replicator ("beside"). Gone with
// the object.
class CapturePlace {
 public:
  CapturePlace(const Field& field, int scale);
  ~CapturePlace();
  CapturePlace(const CapturePlace&) = delete;
  CapturePlace& operator=(const CapturePlace&) = delete;

  const std::string& directory() const { return scratch_.directory(); }
  const std::string& dsn(const std::string& way) const;

  // Puts the way on these tables, its log empty, and starts what reads along.
  void begin(const std::string& way, const Names& tables);
  // Takes it off again. Throws Unequal where B is not A.
  void end(const std::string& way, const Names& tables);

 private:
  void make_main(int scale);
  void make_logical();
  void make_line(const Setup& setup);
  void start_receiver();
  void wait_for_copy();

  Scratch scratch_;                           // outlives the replicator
  std::string main_, logical_, line_, copy_;  // the databases' URIs
  std::optional<Penstock> replicator_;
  std::optional<test::Process> receiver_;  // of the logical slot
};

}  // namespace penstock::bench
