#include <random>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "model/as_written.hpp"
#include "model/envelope_reader.hpp"
#include "model/envelope_writer.hpp"

namespace penstock {
namespace {

Envelope an_update() {
  Envelope e;
  e.op = Op::update;
  e.position = {Epoch{1}, BatchNo{12}, 99, 3};
  e.nonce = Nonce{-123};
  e.previous = Nonce{456};
  e.relation_schema = "Odd \"schema\"";
  e.relation_table = "employee_a";
  e.txid = 777;
  e.ts_ms = 1'700'000'000'123;
  e.after = R"({"emp_id":1,"city":"a\"b}, {","j": { "x" : [1, 2] }})";
  return e;
}

std::string written(const Envelope& e, const EndMark* end = nullptr) {
  std::string out;
  EnvelopeWriter writer("emp", "hr");
  const std::size_t end_at = writer.append(out, e);
  if (end != nullptr) writer.insert_end(out, end_at, *end);
  return out;
}

TEST(Envelope, IsReadAsItWasWritten) {
  const std::string bytes = written(an_update());
  EnvelopeReader reader;
  auto result = reader.read(bytes);
  ASSERT_TRUE(std::holds_alternative<DecodedEnvelope>(result)) << bytes;
  const auto& read = std::get<DecodedEnvelope>(result);
  EXPECT_EQ(read.envelope.op, Op::update);
  EXPECT_EQ(read.envelope.position, an_update().position);
  EXPECT_EQ(read.envelope.nonce, Nonce{-123});
  EXPECT_EQ(read.envelope.previous, Nonce{456});
  EXPECT_EQ(read.envelope.relation_schema, "Odd \"schema\"");
  EXPECT_EQ(read.envelope.relation_table, "employee_a");
  EXPECT_EQ(read.envelope.txid, 777);
  EXPECT_EQ(read.envelope.ts_ms, 1'700'000'000'123);
  EXPECT_TRUE(read.envelope.before.empty());
  EXPECT_FALSE(read.end.has_value());
}

TEST(Envelope, ImagesAreTheBytesOfTheMessageItself) {
  const std::string bytes = written(an_update());
  EnvelopeReader reader;
  const auto read = std::get<DecodedEnvelope>(reader.read(bytes));
  EXPECT_EQ(read.envelope.after, an_update().after);
  EXPECT_GE(read.envelope.after.data(), bytes.data());
  EXPECT_LE(read.envelope.after.data() + read.envelope.after.size(), bytes.data() + bytes.size());
}

TEST(Envelope, CarriesTheEndMark) {
  EndMark end;
  end.count = 2;
  end.total = 5;
  end.snapshot = "10:20:11,12";
  end.captured = {{"public.employee_a", 5}, {"public.\"K e y\"", 7}};
  end.parts = {{"hr.public.employee_a", 0, 2}, {"hr.public.employee_a", 3, 3}};
  const std::string bytes = written(an_update(), &end);
  EnvelopeReader reader;
  const auto read = std::get<DecodedEnvelope>(reader.read(bytes));
  ASSERT_TRUE(read.end.has_value());
  EXPECT_EQ(*read.end, end);
}

TEST(Envelope, HasDebeziumsShapeForViewers) {
  EXPECT_EQ(written(an_update()),
            R"({"op":"u","ts_ms":1700000000123,"source":{"connector":"penstock","name":"emp","db":"hr",)"
            R"("schema":"Odd \"schema\"","table":"employee_a","txId":777,"ts_ms":1700000000123,)"
            R"("penstock":{"epoch":1,"batch":12,"nonce":-123,"previous":456,"cdc_id":99,"ordinal":3}},)"
            R"("before":null,"after":{"emp_id":1,"city":"a\"b}, {","j": { "x" : [1, 2] }}})");
}

TEST(Envelope, PoisonIsAValueThatSaysWhyAndQuotesNothing) {
  EnvelopeReader reader;
  const std::string deletes_nothing = [] {
    Envelope e = an_update();
    e.op = Op::remove;
    return written(e);
  }();
  for (const std::string& bytes :
       {std::string(), std::string("secret"), std::string("{"), std::string("[]"), std::string("{}"),
        std::string("null"), std::string(R"({"op":"u"})"), std::string(R"({"op":7,"source":{}})"),
        std::string("\xff\xfe{}"), std::string(R"({"op":"x","source":{"penstock":{}}})"),
        std::string(R"({"op":"u","source":{"penstock":{"epoch":"1"}},"after":{}})"),
        written(an_update()).substr(0, 200), deletes_nothing, std::string(2'000'000, 'g')}) {
    auto result = reader.read(bytes);
    ASSERT_TRUE(std::holds_alternative<Undecodable>(result)) << bytes.substr(0, 80);
    EXPECT_FALSE(std::get<Undecodable>(result).reason.empty());
    EXPECT_EQ(std::get<Undecodable>(result).reason.find("secret"), std::string::npos);
  }
}

// What was read, as text: to be compared.
std::string shown(const Envelope& e) {
  std::string out(1, static_cast<char>(e.op));
  for (const std::int64_t number :
       {static_cast<std::int64_t>(e.position.epoch), static_cast<std::int64_t>(e.position.batch), e.position.cdc_id,
        std::int64_t{e.position.ordinal}, static_cast<std::int64_t>(e.nonce), static_cast<std::int64_t>(e.previous),
        e.txid, e.ts_ms}) {
    out.append(" ").append(std::to_string(number));
  }
  for (const std::string_view text : {e.relation_schema, e.relation_table, e.before, e.after}) {
    out.append("|").append(text);
  }
  return out;
}

// A byte or two changed, one too many, some lost, some repeated.
std::string damaged(std::string bytes, std::mt19937& random) {
  const std::string_view bytes_of_note = "\"\\{}[]:,-0123456789eE.nul \n\t\x01\x1f\x7f\x80\xc3\xff\0a";
  const auto below = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t n = below(3); n > 0; --n) {
    const std::size_t at = below(bytes.size());
    const char byte = bytes_of_note[below(bytes_of_note.size())];
    switch (below(4)) {
      case 0: bytes[at] = byte; break;
      case 1: bytes.insert(at, 1, byte); break;
      case 2: bytes.erase(at, 1 + below(3)); break;
      default: bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(20)));
    }
  }
  return bytes;
}

bool is_json(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(text).error() == simdjson::SUCCESS;
}

// What the quick way accepts, the other one, which a blank in front leads to, reads as the same.
TEST(Envelope, IsReadInItsOwnFormAsAnyJsonIs) {
  Envelope plain = an_update();
  plain.relation_schema = "public";
  plain.before = R"({"a":[1,{"b":"}\\\"{"}],"ä€":null})";
  std::mt19937 random(7);
  EnvelopeReader reader;
  int accepted = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::string bytes = damaged(written(plain), random);
    Envelope quick;
    if (!read_as_written(bytes, quick)) continue;
    ++accepted;
    const std::string as_json = " " + bytes;
    const auto read = reader.read(as_json);
    if (std::holds_alternative<Undecodable>(read)) {
      ASSERT_FALSE(is_json(bytes)) << bytes;
      continue;
    }
    ASSERT_EQ(shown(quick), shown(std::get<DecodedEnvelope>(read).envelope)) << bytes;
  }
  EXPECT_GT(accepted, 100'000);
}

TEST(Envelope, AReaderGoesOnAfterPoison) {
  EnvelopeReader reader;
  reader.read("garbage");
  EXPECT_TRUE(std::holds_alternative<DecodedEnvelope>(reader.read(written(an_update()))));
}

TEST(Position, OrdersByEpochThenBatchThenPlaceInTheJournal) {
  const Position low{Epoch{1}, BatchNo{2}, kSliceCdcId, 9};
  EXPECT_LT(low, (Position{Epoch{1}, BatchNo{3}, 1, 0}));
  EXPECT_LT(low, (Position{Epoch{2}, BatchNo{1}, 1, 0}));
  EXPECT_LT((Position{Epoch{1}, BatchNo{2}, 7, 1}), (Position{Epoch{1}, BatchNo{2}, 7, 2}));
}

}  // namespace
}  // namespace penstock
