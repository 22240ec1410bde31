#include "kafka/client.hpp"

#include <sys/prctl.h>
#include <syslog.h>

#include <array>
#include <future>
#include <memory>
#include <system_error>
#include <thread>

#include "base/log.hpp"
#include "kafka/errors.hpp"

namespace penstock::kafka {
namespace {

rd_kafka_type_t type_of(Role role) {
  // Administration as a consumer: a producer's metadata requests would create topics on brokers that allow it.
  return role == Role::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
}

// Why there is no client: a machine that is short of threads for a while, or the settings.
ErrorKind kind_of_refusal() {
  return rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE ? ErrorKind::transient : ErrorKind::usage;
}

// While it lives, this thread makes threads whose timers may be late by two milliseconds. librdkafka's main thread
// sleeps until its next timer in whole milliseconds and spins through the rest (before 2.4; its issue 4684): 0.9 ms
// each second, in every client. Woken late it finds the timer due. What a socket or another thread brings wakes it as
// ever.
class LateTimers {
 public:
  LateTimers() { prctl(PR_SET_TIMERSLACK, std::chrono::nanoseconds(std::chrono::milliseconds(2)).count()); }
  ~LateTimers() {
    constexpr unsigned long kDefault = 0;  // this thread's
    prctl(PR_SET_TIMERSLACK, kDefault);
  }
  LateTimers(const LateTimers&) = delete;
  LateTimers& operator=(const LateTimers&) = delete;
};

}  // namespace

// Leaves no group (none was joined) and waits for no broker. Of a consumer whose topic was deleted under it a thread
// never ends (librdkafka 2.0.2): it is left alone, rather than that we hang with it.
void Client::Destroy::operator()(rd_kafka_t* handle) const {
  // A member leaves its group before (Consumer::leave).
  constexpr std::chrono::seconds kPatience{2};
  const auto destroyed = std::make_shared<std::promise<void>>();
  const auto destroy = [handle, destroyed] {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    destroyed->set_value();
  };
  const std::future<void> done = destroyed->get_future();
  try {
    std::thread(destroy).detach();
  } catch (const std::system_error&) {
    destroy();  // no thread left: this frees some
  }
  if (done.wait_for(kPatience) == std::future_status::timeout) log::debug("a Kafka client does not end; left behind");
}

Client::Client(Role role, const std::vector<Setting>& settings, const Callbacks& callbacks) : role_(role) {
  ConfHandle conf = make_conf(settings);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), &Client::on_error);
  rd_kafka_conf_set_log_cb(conf.get(), &Client::on_log);
  if (callbacks.delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), callbacks.delivered);
  if (callbacks.committed != nullptr) rd_kafka_conf_set_offset_commit_cb(conf.get(), callbacks.committed);
  if (callbacks.rebalance != nullptr) rd_kafka_conf_set_rebalance_cb(conf.get(), callbacks.rebalance);
  std::array<char, 512> text{};
  const LateTimers inherited;  // by the client's threads
  handle_.reset(rd_kafka_new(type_of(role), conf.get(), text.data(), text.size()));
  if (!handle_) throw Failure(kind_of_refusal(), fmt::format("Kafka {}: {}", to_string(role), text.data()));
  conf.release();                                  // librdkafka's from here on
  rd_kafka_set_log_queue(handle_.get(), nullptr);  // to the main queue, hence to our thread
}

std::size_t Client::number(const char* property) const {
  std::array<char, 32> text{};
  std::size_t size = text.size();
  rd_kafka_conf_get(rd_kafka_conf(get()), property, text.data(), &size);
  return std::stoul(text.data());
}

void Client::note(rd_kafka_resp_err_t code, std::string_view reason) {
  log::debug("Kafka {}: {}: {}", to_string(role_), rd_kafka_err2name(code), reason);
  // A single broker of many may be away without harm; an outage is when none answers.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || outage_since_) return;
  outage_since_ = std::chrono::steady_clock::now();
  log::info("Kafka {}: no broker answers ({}); connecting again until one does", to_string(role_),
            complaint_.empty() ? reason : std::string_view(complaint_));
}

void Client::report_return() {
  const std::chrono::duration<double> away = std::chrono::steady_clock::now() - *outage_since_;
  outage_since_.reset();
  log::info("Kafka {}: connected again after {:.1f} s", to_string(role_), away.count());
}

void Client::on_error(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
  auto& self = *static_cast<Client*>(opaque);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    std::array<char, 512> text{};
    const auto cause = rd_kafka_fatal_error(handle, text.data(), text.size());
    const ErrorKind kind = classify(cause) == ErrorKind::setup ? ErrorKind::setup : ErrorKind::transient;
    self.fatal_ = Failure(kind, fmt::format("Kafka {}: {}", to_string(self.role_), text.data()));
    return;
  }
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  self.note(error, reason);
  if (is_outage(error) || classify(error) == ErrorKind::transient) return;
  self.trouble_ = failure_of(error, fmt::format("Kafka {}", to_string(self.role_)), reason);
}

void Client::on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  // CONFWARN: a property of the other role, since all clients get the user's. FAIL, ERROR, FATAL: on_error tells the
  // same.
  const std::string_view about(facility);
  if (about == "FAIL") {  // "[thrd:…]: host:port: what is wrong"
    const std::string_view said(text);
    const auto thread_end = said.find("]: ");
    static_cast<Client*>(rd_kafka_opaque(handle))->complaint_ =
        said.substr(thread_end == said.npos ? 0 : thread_end + 3);
  }
  const bool told_elsewhere =
      about == "CONFWARN" || about == "FAIL" || about == "ERROR" || about == "FATAL" || about == "GETPID";
  if (level > LOG_WARNING || told_elsewhere) {
    log::debug("librdkafka {}: {}", facility, text);
  } else {
    log::warn("librdkafka {}: {}", facility, text);
  }
}

}  // namespace penstock::kafka
