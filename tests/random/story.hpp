#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "random/schema.hpp"

namespace penstock::test {

// Everything that was executed, in the order in which it returned: what a failed round leaves behind.
class Story {
 public:
  void add(const std::string& who, const std::string& sql, const std::string& outcome = "");
  std::string summary() const;
  std::string keep(std::uint64_t seed) const;  // the file's path

 private:
  std::mutex mutex_;
  std::string text_;
  int done_ = 0, refused_ = 0;
};

// The schema of A as it is now. Whoever writes takes it once a transaction; who alters it tells it afterwards, so that
// writers run into columns and tables that are gone.
class LiveSchema {
 public:
  explicit LiveSchema(RandomSchema schema) { set(std::move(schema)); }
  std::shared_ptr<const RandomSchema> now() const {
    const std::lock_guard lock(mutex_);
    return schema_;
  }
  void set(RandomSchema schema) {
    auto next = std::make_shared<const RandomSchema>(std::move(schema));
    const std::lock_guard lock(mutex_);
    schema_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RandomSchema> schema_;
};

}  // namespace penstock::test
