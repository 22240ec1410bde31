#pragma once
#include <mutex>

#include "random/replicator.hpp"
#include "random/writer.hpp"
#include "support/line.hpp"

namespace penstock::test {

// How long an alteration waits for what stands in its way.
struct Patience {
  int lock_tries = 40;
  // Commands that end with "a server cannot be reached" are run again meanwhile.
  std::chrono::seconds servers{0};
  std::chrono::seconds command{60};  // for one command's end
};

// Random alterations, one after the other, while writers and the replicator are at work: each is made on A and on B as
// the README says under "When a table is altered", and between two of them A and B fit.
class Alterations {
 public:
  Alterations(std::uint64_t seed, Line& line, Replicator& replicator, LiveSchema& schema, Story& story,
              const Patience& patience);

  void alter_until(Clock::time_point end);
  const std::string& complaint() const { return complaint_; }
  int count() const { return count_; }
  bool partitions_changed() const { return partitions_changed_; }
  // Held, no alteration is half made: A and B fit, and a crash of either takes no step of it along.
  std::unique_lock<std::mutex> between_two() { return std::unique_lock(altering_); }

 private:
  struct Failed {};  // an alteration that A may refuse, because of what stands in the table

  void step();
  void open_sessions();

  // ddl.cpp: columns
  void add_column();
  void drop_column();
  void rename_column();
  void rename_in_quiet(const std::string& from, const std::string& to);
  void rename_with_touch(const std::string& from, const std::string& to);
  void change_type();
  void add_index();
  void add_constraint();
  void set_default();
  // ddl_tables.cpp: names, whole tables, partitions
  void rename_key_for_a_while();
  void rename_table_for_a_while();
  void rename_on_b_for_a_while();
  void create_anew();
  void create_partition();
  void attach_partition();
  void detach_partition();
  // ddl_tables.cpp: commands in the middle of it
  void backfill();
  void verify();

  RandomTable& table() { return schema_.tables[at_]; }
  std::optional<std::size_t> any_column();  // one that nothing needs
  std::string alter(const std::string& how) { return "alter table " + table().name + " " + how; }
  std::string new_bounds();
  void publish() { live_.set(schema_); }
  void pause(long most_ms);
  void both(const std::string& sql, const std::function<void()>& once_on_a);  // in either order
  void on_a(const std::string& sql);
  void on_b(const std::string& sql);
  void patiently(Database& database, const std::string& where, const std::string& sql);
  void touch();  // every row of the table
  void drain();  // B has all that was committed
  void penstock(const std::vector<std::string>& arguments);

  Random random_;
  Line& line_;
  Replicator& replicator_;
  LiveSchema& live_;
  Story& story_;
  RandomSchema schema_;
  std::size_t at_ = 0;             // the table that is altered
  std::optional<Database> a_, b_;  // of this alteration
  const Patience patience_;
  std::mutex altering_;
  std::string complaint_;
  bool partitions_changed_ = false;
  int count_ = 0;
  int made_ = 0;  // for names
};

}  // namespace penstock::test
