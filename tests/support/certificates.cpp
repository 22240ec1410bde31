#include "support/certificates.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>

#include "support/process.hpp"

namespace penstock::test {
namespace {

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

Certificates::Certificates()
    : directory_(std::filesystem::temp_directory_path() / ("penstock-tls-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms(0755));  // PostgreSQL runs as another user
}

Certificates::~Certificates() { std::filesystem::remove_all(directory_); }

void Certificates::make_authority(const std::string& name) const {
  shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=" + name +
        "' -keyout " + path(name + ".key") + " -out " + path(name + ".crt") + " 2>/dev/null");
}

void Certificates::make(const std::string& name, const std::string& authority, const std::string& names,
                        int days) const {
  const std::string file = path(name);
  write(name + ".ext", "subjectAltName=" + names + "\n");
  shell("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=" + name + "' -keyout " + file +
        ".key -out " + file + ".csr 2>/dev/null && openssl x509 -req -in " + file + ".csr -CA " +
        path(authority + ".crt") + " -CAkey " + path(authority + ".key") + " -CAcreateserial -days " +
        std::to_string(days) + " -extfile " + file + ".ext -out " + file + ".crt 2>/dev/null");
  write(name + ".pem", read_file(file + ".key") + read_file(file + ".crt"));
  // PostgreSQL takes a key only from its own user, and from nobody else's eyes.
  std::filesystem::permissions(file + ".key", std::filesystem::perms(0600));
  if (::geteuid() == 0) shell("chown postgres " + file + ".key");
}

void Certificates::write(const std::string& file, const std::string& text) const { std::ofstream(path(file)) << text; }

}  // namespace penstock::test
