#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/open_loop.hpp"
#include "harness/scratch.hpp"
#include "rivals/rival.hpp"

namespace penstock::bench {

// What the command line says to all figures.
struct Setup {
  // Superuser URIs, and host:port. Logical decoding reads all that an A writes, whoever wrote it: native replication
  // and Debezium have an A each (wal_level = logical), or they would work during each other's turns.
  std::string a, a_native, a_debezium, b, kafka;
  pid_t kafka_process = 0;          // 0: its processor time is not measured
  std::string penstock;             // the program
  std::string connect_jars;         // the class path of Kafka Connect and Debezium
  std::string naive;                // the program
  std::vector<std::string> rivals;  // empty: all that the figure asks for
  int repetitions = 0;              // 0: as many as the figure says
  std::uint64_t seed = 1;
  bool quick = false;
  OpenLoop point{.rate = 0};                 // latency alone: this instead of the figure's own points; rate 0: none
  std::string results;                       // a directory for FIGURE.json; empty: none is written
  std::map<std::string, std::string> about;  // what the caller knows: versions, its own command
};

class RivalMaker;
using RivalList = std::vector<Rival*>;

// The rivals on their servers: each with databases and topics of its own, started when it is first asked for, warm from
// then on, and gone with the object.
class Field {
 public:
  explicit Field(Setup setup);
  ~Field();
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  const Setup& setup() const { return setup_; }
  // Those of `names` that the command line wants, in this order, started and warm. One that cannot be started is told,
  // and left out from then on.
  RivalList rivals(const std::vector<std::string>& names);
  // Ends those of them that were started; asked for again, they are started anew.
  void retire(const std::vector<std::string>& names);
  void retire_all();
  int repetitions(int usual) const;  // unless the command line says otherwise
  bool all_started() const { return broken_.empty(); }

  // Processor seconds so far: "a" (the rival's), "b", "kafka", the rival's own as "rival", "resting" (all other
  // rivals'), "driver"; and "wall", the time itself.
  std::map<std::string, double> cpu_seconds(const Rival& rival) const;

 private:
  bool is_wanted(const std::string& name) const;
  Rival* start(const std::string& name);  // null: it is broken
  const std::string& server_a(const std::string& name) const;

  Setup setup_;
  Scratch scratch_;                       // outlives the rivals
  std::map<std::string, pid_t> servers_;  // by URI
  std::unique_ptr<RivalMaker> maker_;
  std::vector<std::unique_ptr<Rival>> started_;
  std::set<std::string> broken_;
};

// CPU seconds between two readings of Field::cpu_seconds().
std::map<std::string, double> difference(const std::map<std::string, double>& before,
                                         const std::map<std::string, double>& after);

}  // namespace penstock::bench
