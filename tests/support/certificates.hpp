#pragma once
#include <filesystem>
#include <string>

namespace penstock::test {

// Certificates of a test's own, in PEM files of a directory that goes with the object; made with the openssl program.
class Certificates {
 public:
  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // A CA of its own: NAME.crt, NAME.key.
  void make_authority(const std::string& name) const;
  // Signed by it: NAME.crt, NAME.key, and both in NAME.pem as Kafka takes them. names: subjectAltName,
  // "DNS:localhost,IP:127.0.0.1". days: how long it holds from now, or for how long it has not held any more.
  void make(const std::string& name, const std::string& authority, const std::string& names, int days = 2) const;
  void write(const std::string& file, const std::string& text) const;
  std::string path(const std::string& file) const { return (directory_ / file).string(); }

 private:
  std::filesystem::path directory_;
};

}  // namespace penstock::test
