#include "rivals/connect.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <boost/asio.hpp>

#include "harness/json.hpp"

namespace penstock::bench {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kStart = 90s;
constexpr auto kState = 30s;

std::string free_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), 0});
  return std::to_string(listener.local_endpoint().port());
}

struct Answer {
  int status = 0;  // 0: nobody answers
  std::string text;
};

Answer request(const std::string& port, const std::string& method, const std::string& path, const std::string& body) {
  asio::ip::tcp::iostream stream("127.0.0.1", port);
  if (!stream) return {};
  stream.expires_after(kState);
  stream << method << " " << path << " HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         << "Content-Length: " << body.size() << "\r\n\r\n"
         << body << std::flush;
  Answer answer;
  std::string version;
  stream >> version >> answer.status;
  std::stringstream rest;
  rest << stream.rdbuf();
  answer.text = rest.str();
  return answer;
}

void expect_done(const std::string& what, const Answer& answer) {
  if (answer.status >= 200 && answer.status < 300) return;
  throw std::runtime_error("Kafka Connect: " + what + ": " + std::to_string(answer.status) + " " + answer.text);
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

// The worker's memory and collector are those of Kafka's own connect-standalone.sh.
Connect::Connect(const std::string& class_path, const std::string& kafka, std::string directory)
    : directory_(std::move(directory)), port_(free_port()) {
  if (class_path.empty()) throw std::runtime_error("Kafka Connect: its jars are not given");
  std::filesystem::create_directories(directory_);
  const std::string settings = directory_ + "/worker.properties";
  std::ofstream(settings) << "bootstrap.servers=" << kafka << "\nlisteners=http://127.0.0.1:" << port_
                          << "\nkey.converter=org.apache.kafka.connect.json.JsonConverter"
                             "\nvalue.converter=org.apache.kafka.connect.json.JsonConverter"
                             "\noffset.storage.file.filename="
                          << directory_ << "/offsets\n";
  process_.emplace(std::vector<std::string>{"java", "-Xms256M", "-Xmx2G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
                                            "-XX:InitiatingHeapOccupancyPercent=35", "-cp", class_path,
                                            "org.apache.kafka.connect.cli.ConnectStandalone", settings},
                   directory_ + "/out", directory_ + "/log");
  const auto deadline = std::chrono::steady_clock::now() + kStart;
  while (request(port_, "GET", "/connectors", "").status != 200) {
    if (!process_->running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("Kafka Connect did not start: " + test::read_file(directory_ + "/out"));
    }
    std::this_thread::sleep_for(100ms);
  }
}

void Connect::add(const std::string& connector, const Properties& properties) {
  JsonObject configuration;
  for (const auto& [name, value] : properties) configuration.set(name, value);
  JsonObject body;
  body.set("name", connector).set("config", configuration);
  expect_done("adding " + connector, request(port_, "POST", "/connectors", body.text()));
  await_state(connector, "RUNNING");
}

void Connect::remove(const std::string& connector) {
  expect_done("removing " + connector, request(port_, "DELETE", "/connectors/" + connector, ""));
}

void Connect::pause(const std::string& connector) {
  expect_done("pausing " + connector, request(port_, "PUT", "/connectors/" + connector + "/pause", ""));
  await_state(connector, "PAUSED");
}

void Connect::resume(const std::string& connector) {
  expect_done("resuming " + connector, request(port_, "PUT", "/connectors/" + connector + "/resume", ""));
  await_state(connector, "RUNNING");
}

// Both the connector and its only task.
void Connect::await_state(const std::string& connector, const std::string& state) {
  const auto deadline = std::chrono::steady_clock::now() + kState;
  while (true) {
    const Answer answer = request(port_, "GET", "/connectors/" + connector + "/status", "");
    if (answer.text.find("\"FAILED\"") != answer.text.npos) {
      throw std::runtime_error("Kafka Connect: " + connector + " failed: " + answer.text);
    }
    if (count_of(answer.text, "\"" + state + "\"") == 2) return;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("Kafka Connect: " + connector + " is not " + state + ": " + answer.text);
    }
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace penstock::bench
