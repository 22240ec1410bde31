#pragma once
#include <chrono>

#include "apply/key/key_session.hpp"
#include "kafka/admin.hpp"

namespace penstock::apply {

// How long rows that a constraint refuses wait for what other partitions may bring, and longer while one of those is
// behind and moved within as long.
constexpr std::chrono::seconds kPatience{30};

// Whether a partition is behind what Kafka held of it when patience was over, and moved lately: it may yet bring what
// the refused rows need. What came later than that cannot.
Task<bool> others_lag(KeySession& session, kafka::Admin& admin, const Unit& unit);

// Says in the log what a unit has been waiting for, and since when, where that is long: once each time.
void say_held_up(KeySession& session, const Unit& unit, KeySession::Clock::time_point since, const pg::Error& error);

}  // namespace penstock::apply
