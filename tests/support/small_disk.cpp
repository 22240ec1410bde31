#include "support/small_disk.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <fstream>
#include <random>
#include <string>
#include <system_error>

namespace penstock::test {
namespace {

void check(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

std::string size_option(int megabytes) { return "mode=0755,size=" + std::to_string(megabytes) + "m"; }

}  // namespace

SmallDisk::SmallDisk(int megabytes)
    : path_(std::filesystem::temp_directory_path() / ("penstock-disk-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directories(path_);
  check(::unshare(CLONE_NEWNS), "a mount namespace of the test's own");
  check(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "making mounts private");
  check(::mount("tmpfs", path_.c_str(), "tmpfs", 0, size_option(megabytes).c_str()), "mounting a tmpfs");
}

SmallDisk::~SmallDisk() {
  ::umount2(path_.c_str(), MNT_DETACH);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void SmallDisk::resize(int megabytes) const {
  check(::mount("", path_.c_str(), "tmpfs", MS_REMOUNT, size_option(megabytes).c_str()), "resizing a tmpfs");
}

void SmallDisk::fill() const {
  std::ofstream ballast(path_ / "ballast", std::ios::binary);
  const std::string page(4096, '\0');
  while (ballast.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) continue;
}

void SmallDisk::free() const { std::filesystem::remove(path_ / "ballast"); }

}  // namespace penstock::test
