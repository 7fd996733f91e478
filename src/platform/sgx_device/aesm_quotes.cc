// SPDX-License-Identifier: Apache-2.0
// Quotes by the AESM service's socket: each request a connection of its own, as the service wants it.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>

#include "base/cursor.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "platform/sgx_device/aesm_messages.h"
#include "platform/sgx_device/hardware_quotes.h"
#include "platform/sgx_device/quote_bytes.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton {
namespace {

using Clock = std::chrono::steady_clock;
using sgx::AesmRequest;

constexpr std::uint32_t kMaxAnswerBytes = sgx::kMaxQuoteBytes + 4096;
constexpr std::string_view kStart = "start it (systemctl start aesmd; package sgx-aesm-service)";

Result<Descriptor> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return invalid("{}: a socket's path is shorter", path);
  path.copy(address.sun_path, path.size());
  Descriptor out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.valid()) return io_error("a socket for the AESM service: {}", errno_text(errno));
  const void* const where = &address;
  if (::connect(out.get(), static_cast<const sockaddr*>(where), sizeof(address)) != 0) {
    const int error = errno;
    if (error == EACCES)
      return denied("the AESM service at {}: {}: add this user to the group sgx", path, errno_text(error));
    return unavailable("the AESM service at {}: {}: {}", path, errno_text(error), kStart);
  }
  return out;
}

// Waits until the socket can, at most until `end`.
Result<void> wait_for(const Descriptor& socket, short what, Clock::time_point end) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0)
      return unavailable("the AESM service does not answer in time: look at its log (journalctl -u aesmd)");
    pollfd one{.fd = socket.get(), .events = what, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 1 << 30)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return io_error("waiting for the AESM service: {}", errno_text(errno));
  }
}

Result<void> send_all(const Descriptor& socket, BytesView bytes, Clock::time_point end) {
  while (!bytes.empty()) {
    TRY(wait_for(socket, POLLOUT, end));
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR && errno != EAGAIN)
      return unavailable("the AESM service took no request: {}: {}", errno_text(errno), kStart);
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<Bytes> receive(const Descriptor& socket, std::size_t size, Clock::time_point end) {
  Bytes out(size);
  for (std::size_t have = 0; have < size;) {
    TRY(wait_for(socket, POLLIN, end));
    const ssize_t got = ::recv(socket.get(), out.data() + have, size - have, 0);
    if (got == 0) return unavailable("the AESM service closed the connection after {} of {} bytes", have, size);
    if (got < 0 && errno != EINTR && errno != EAGAIN)
      return unavailable("the AESM service's answer: {}", errno_text(errno));
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return out;
}

class AesmQuotes : public QuoteSource {
 public:
  explicit AesmQuotes(HardwareQuoteOptions options) : options_(std::move(options)) {}

  Result<Bytes> target_info() override {
    const std::scoped_lock lock(mutex_);
    const BytesView key = TRY(this_key());
    const Bytes message = TRY(exchange(sgx::encode_init_quote_request(key)));
    const sgx::AesmAnswer answer = TRY(sgx::parse_aesm_answer(AesmRequest::kInitQuoteEx, message));
    if (answer.bytes.size() != sgx::TargetInfo::kBytes)
      return invalid("the AESM service gives {} bytes as TARGETINFO", answer.bytes.size());
    return to_bytes(answer.bytes);
  }

  Result<Bytes> quote(BytesView report) override {
    TRY(sgx::check_report(report));
    const std::scoped_lock lock(mutex_);
    const BytesView key = TRY(this_key());
    const Bytes size_message = TRY(exchange(sgx::encode_quote_size_request(key)));
    const std::uint64_t size = TRY(sgx::parse_aesm_answer(AesmRequest::kGetQuoteSizeEx, size_message)).number;
    if (size > sgx::kMaxQuoteBytes) return invalid("the AESM service wants {} bytes for a quote", size);
    const Bytes message = TRY(exchange(sgx::encode_quote_request(report, key, static_cast<std::uint32_t>(size))));
    const sgx::AesmAnswer answer = TRY(sgx::parse_aesm_answer(AesmRequest::kGetQuoteEx, message));
    return sgx::trim_quote(answer.bytes).within("the AESM service's answer");
  }

 private:
  Result<Bytes> exchange(const Bytes& request) const {
    const Clock::time_point end = Clock::now() + options_.timeout;
    const Descriptor socket = TRY(connect_to(options_.socket));
    Bytes framed;
    append_le(framed, static_cast<std::uint32_t>(request.size()));
    append(framed, request);
    TRY(send_all(socket, framed, end));
    const auto size = load_le<std::uint32_t>(TRY(receive(socket, sizeof(std::uint32_t), end)));
    if (size > kMaxAnswerBytes) return invalid("the AESM service announces an answer of {} bytes", size);
    return receive(socket, size, end);
  }

  // The identity of the attestation key, asked for once.
  Result<BytesView> this_key() {
    if (key_) return BytesView(*key_);
    const Bytes count_message = TRY(exchange(sgx::encode_key_count_request()));
    const std::uint64_t keys = TRY(sgx::parse_aesm_answer(AesmRequest::kGetSupportedKeyCount, count_message)).number;
    if (keys == 0) return sgx::choose_aesm_key({}).error();
    if (keys > sgx::kMaxAesmKeys) return invalid("the AESM service says that it has {} attestation keys", keys);
    const Bytes message = TRY(exchange(sgx::encode_keys_request(static_cast<std::uint32_t>(keys))));
    const sgx::AesmAnswer answer = TRY(sgx::parse_aesm_answer(AesmRequest::kGetSupportedKeys, message));
    key_ = to_bytes(TRY(sgx::choose_aesm_key(answer.bytes)));
    return BytesView(*key_);
  }

  const HardwareQuoteOptions options_;
  std::mutex mutex_;
  std::optional<Bytes> key_;
};

}  // namespace

Result<std::unique_ptr<QuoteSource>> make_aesm_quotes(HardwareQuoteOptions options) {
  TRY(connect_to(options.socket));
  return std::make_unique<AesmQuotes>(std::move(options));
}

}  // namespace adyton
