#include "support/own_server.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace penstock::test {
namespace {

// The output of compose/stack, without its newline.
std::string stack(const std::string& arguments) {
  const char* program = std::getenv("PENSTOCK_TEST_STACK");
  if (program == nullptr) throw std::runtime_error("PENSTOCK_TEST_STACK is not set: use tests/run");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((std::string(program) + " " + arguments).c_str(), "r"),
                                                   ::pclose);
  std::string out;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) out += buffer.data();
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::filesystem::path make_directory(const std::filesystem::path& parent) {
  const auto directory = parent / ("penstock-own-" + std::to_string(std::random_device{}()));
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms(0755));  // PostgreSQL runs as another user
  return directory;
}

}  // namespace

OwnServer::OwnServer(const std::string& which, const std::string& settings, const std::filesystem::path& parent)
    : which_(which), directory_(make_directory(parent)) {
  address() = command("start", settings);
}

OwnServer::OwnServer(const OwnServer& of, Copy how)
    : which_(of.which_), directory_(make_directory(std::filesystem::temp_directory_path())) {
  of.command("copy", path() + (how == Copy::standby ? " standby" : ""));
  address() = command("start");
}

OwnServer::~OwnServer() {
  kill();
  std::filesystem::remove_all(directory_);
}

std::string OwnServer::command(const std::string& action, const std::string& how) const {
  return stack((which_ == "kafka" ? "kafka " : "pg ") + action + " " + path() + " " + how);
}

}  // namespace penstock::test
