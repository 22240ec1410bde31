#pragma once
// Where a librdkafka code becomes our error. Internal to kafka/.
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "base/error.hpp"

namespace penstock::kafka {

ErrorKind classify(rd_kafka_resp_err_t code);

// "topic hr.public.t: Broker: Unknown topic or partition"; `what` says what was being done or to what.
Failure failure_of(rd_kafka_resp_err_t code, const std::string& what, std::string_view detail = {});

// The connection is away and librdkafka is at work on it by itself: worth a log line, not an exception.
bool is_outage(rd_kafka_resp_err_t code);

}  // namespace penstock::kafka
