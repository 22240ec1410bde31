#pragma once
#include <filesystem>

namespace penstock::test {

// A disk of a few megabytes: a tmpfs that only this process and those it starts from this thread can see (a mount
// namespace of its own, so nothing is left however the test ends). Needs the right to mount (root).
class SmallDisk {
 public:
  explicit SmallDisk(int megabytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void resize(int megabytes) const;
  void fill() const;  // to the last byte, with a file of ours
  void free() const;  // removes that file

 private:
  std::filesystem::path path_;
};

}  // namespace penstock::test
