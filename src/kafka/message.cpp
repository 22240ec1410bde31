#include "kafka/message.hpp"

#include "kafka/handles.hpp"

namespace penstock::kafka {
namespace {

std::string_view view(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size);
}

}  // namespace

void DestroyMessage::operator()(rd_kafka_message_s* message) const { rd_kafka_message_destroy(message); }

std::string_view Message::topic() const { return rd_kafka_topic_name(handle_->rkt); }

std::int32_t Message::partition() const { return handle_->partition; }

std::int64_t Message::offset() const { return handle_->offset; }

std::optional<std::string_view> Message::key() const {
  if (handle_->key == nullptr) return std::nullopt;
  return view(handle_->key, handle_->key_len);
}

std::string_view Message::value() const { return view(handle_->payload, handle_->len); }

Headers Message::headers() const {
  Headers all;
  rd_kafka_headers_t* list = nullptr;  // the message's own
  if (rd_kafka_message_headers(handle_.get(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    all.emplace_back(name, view(value, size));
  }
  return all;
}

}  // namespace penstock::kafka
