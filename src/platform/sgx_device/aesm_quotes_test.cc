// SPDX-License-Identifier: Apache-2.0
// The AESM service over its socket, against one that is made here and can be hostile.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "attest/evidence/protobuf.h"
#include "base/cursor.h"
#include "base/descriptor.h"
#include "platform/sgx_device/aesm_messages.h"
#include "platform/sgx_device/hardware_quotes.h"
#include "platform/sgx_device/quote_bytes.h"

namespace adyton::sgx {
namespace {

constexpr std::size_t kTargetInfoBytes = 512;
constexpr std::uint32_t kQuoteBytes = 436 + 100, kBufferBytes = 5000;

void field(Bytes& out, std::uint32_t number, std::uint64_t value) {
  out.push_back(static_cast<std::byte>(number << 3));
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}
void field(Bytes& out, std::uint32_t number, BytesView value) {
  for (std::uint64_t key = number << 3 | 2; key != 0; key >>= 7)
    out.push_back(static_cast<std::byte>(key < 0x80 ? key : key | 0x80));
  std::uint64_t size = value.size();
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<std::byte>(size | 0x80));
  out.push_back(static_cast<std::byte>(size));
  append(out, value);
}

// Listens, and answers one request a connection with whatever `answer` makes of it: the bytes that are sent, length and
// all, before the connection is closed.
class FakeAesm {
 public:
  using Answer = std::function<Bytes(AesmRequest, BytesView inside)>;
  explicit FakeAesm(Answer answer) : answer_(std::move(answer)) {
    std::string folder = std::filesystem::temp_directory_path() / "aesm-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    const void* const where = &address;
    EXPECT_EQ(::bind(listener_.get(), static_cast<const sockaddr*>(where), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeAesm() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    std::filesystem::remove_all(folder_);
  }
  FakeAesm(const FakeAesm&) = delete;
  FakeAesm& operator=(const FakeAesm&) = delete;
  [[nodiscard]] std::string path() const { return folder_ / "aesm.socket"; }

 private:
  void serve() {
    while (true) {
      const Descriptor connection(::accept(listener_.get(), nullptr, nullptr));
      if (!connection.valid()) return;
      Bytes head(4);
      if (::recv(connection.get(), head.data(), 4, MSG_WAITALL) != 4) continue;  // only looked whether it is there
      Bytes request(load_le<std::uint32_t>(head));
      if (::recv(connection.get(), request.data(), request.size(), MSG_WAITALL) != static_cast<ssize_t>(request.size()))
        continue;
      const auto outer = ProtobufReader(request).next();
      if (!outer) continue;
      const Bytes answer = answer_(AesmRequest{outer->number}, outer->bytes);
      // A client that has seen enough closes; that is no error here.
      (void)::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      ::shutdown(connection.get(), SHUT_WR);
      char end = 0;
      (void)::recv(connection.get(), &end, 1, 0);  // until it has closed as well
    }
  }

  const Answer answer_;
  std::filesystem::path folder_;
  Descriptor listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

Bytes framed(AesmRequest request, const Bytes& inside) {
  Bytes message;
  field(message, static_cast<std::uint32_t>(request), BytesView(inside));
  Bytes out;
  append_le(out, static_cast<std::uint32_t>(message.size()));
  append(out, message);
  return out;
}

// What a service on a machine that works says.
Bytes good_answer(AesmRequest request, BytesView asked) {
  Bytes inside;
  field(inside, 1, std::uint64_t{0});
  switch (request) {
    case AesmRequest::kGetSupportedKeyCount: field(inside, 2, std::uint64_t{2}); break;
    case AesmRequest::kGetSupportedKeys: {
      Bytes keys(2 * kAesmKeyIdBytes, std::byte{0x4b});
      store_le<std::uint32_t>(keys, kAesmKeyIdBytes + 154, 2);
      field(inside, 2, BytesView(keys));
      break;
    }
    case AesmRequest::kInitQuoteEx: field(inside, 2, Bytes(kTargetInfoBytes, std::byte{0x71})); break;
    case AesmRequest::kGetQuoteSizeEx: field(inside, 2, std::uint64_t{kBufferBytes}); break;
    case AesmRequest::kGetQuoteEx: {
      ProtobufReader reader(asked);
      Bytes quote(kBufferBytes);
      std::ranges::copy(reader.next()->bytes.first(384), quote.begin() + 48);
      store_le<std::uint32_t>(quote, 432, kQuoteBytes - 436);
      field(inside, 2, BytesView(quote));
      break;
    }
  }
  return framed(request, inside);
}

std::unique_ptr<QuoteSource> quotes_of(const FakeAesm& service, int timeout_ms = 30'000) {
  return make_aesm_quotes({.socket = service.path(), .timeout = std::chrono::milliseconds(timeout_ms)}).value();
}

TEST(SgxAesmQuotesTest, AsksForTargetInfoAndQuote) {
  std::vector<AesmRequest> asked;
  const FakeAesm service([&](AesmRequest request, BytesView inside) {
    asked.push_back(request);
    if (request == AesmRequest::kGetSupportedKeys) {
      EXPECT_EQ(ProtobufReader(inside).next()->value, 2 * kAesmKeyIdBytes);
    }
    if (request == AesmRequest::kInitQuoteEx || request == AesmRequest::kGetQuoteSizeEx) {
      EXPECT_EQ(load_le<std::uint32_t>(ProtobufReader(inside).next()->bytes, 154), 2u);
    }
    if (request == AesmRequest::kGetQuoteEx) {
      ProtobufReader reader(inside);
      EXPECT_EQ(reader.next()->bytes.size(), 432u);
      EXPECT_EQ(reader.next()->bytes.size(), kAesmKeyIdBytes);
      EXPECT_EQ(reader.next()->value, kBufferBytes);
    }
    return good_answer(request, inside);
  });
  const auto quotes = quotes_of(service);
  EXPECT_EQ(quotes->target_info().value(), Bytes(kTargetInfoBytes, std::byte{0x71}));
  const auto quote = quotes->quote(Bytes(432, std::byte{0x22}));
  ASSERT_TRUE(quote) << quote.error().message;
  EXPECT_EQ(quote->size(), kQuoteBytes);
  EXPECT_EQ((*quote)[48], std::byte{0x22});
  EXPECT_EQ(asked, (std::vector{AesmRequest::kGetSupportedKeyCount, AesmRequest::kGetSupportedKeys,
                                AesmRequest::kInitQuoteEx, AesmRequest::kGetQuoteSizeEx, AesmRequest::kGetQuoteEx}));
  EXPECT_EQ(quotes->quote(Bytes(431)).error().code, ErrorCode::kInvalid);
}

TEST(SgxAesmQuotesTest, NoServiceIsSaidWithWhatToStart) {
  const auto none = make_aesm_quotes({.socket = "/nonexistent/aesm.socket"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(none.error().message.contains("systemctl start aesmd")) << none.error().message;
  EXPECT_EQ(make_aesm_quotes({.socket = std::string(200, 'x')}).error().code, ErrorCode::kInvalid);
  const auto neither = make_hardware_quotes({.library = "libadyton_there_is_none.so", .socket = "/nonexistent/socket"});
  ASSERT_FALSE(neither);
  EXPECT_TRUE(neither.error().message.contains("aesmd")) << neither.error().message;
  EXPECT_TRUE(neither.error().message.contains("libsgx-dcap-ql")) << neither.error().message;
}

// Every answer but the named one is good.
void expect_refused(AesmRequest which, const Bytes& answer, ErrorCode code, std::string_view word) {
  const FakeAesm service(
      [&](AesmRequest request, BytesView inside) { return request == which ? answer : good_answer(request, inside); });
  const auto quotes = quotes_of(service);
  const bool of_info = which == AesmRequest::kInitQuoteEx;
  const auto result = of_info ? quotes->target_info() : quotes->quote(Bytes(432));
  ASSERT_FALSE(result) << word;
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_TRUE(result.error().message.contains(word)) << result.error().message;
}

Bytes answer_with(AesmRequest request, auto value, std::uint64_t error = 0) {
  Bytes inside;
  field(inside, 1, error);
  field(inside, 2, value);
  return framed(request, inside);
}

TEST(SgxAesmQuotesTest, HostileAnswersAreErrors) {
  using enum AesmRequest;
  Bytes endless, asked;
  field(asked, 1, BytesView(Bytes(432)));
  append_le<std::uint32_t>(endless, 0xffff'fff0);
  for (const AesmRequest which :
       {kGetSupportedKeyCount, kGetSupportedKeys, kInitQuoteEx, kGetQuoteSizeEx, kGetQuoteEx}) {
    expect_refused(which, {}, ErrorCode::kUnavailable, "closed the connection after 0 of 4");
    expect_refused(which, Bytes(2), ErrorCode::kUnavailable, "closed the connection after 2 of 4");
    expect_refused(which, Bytes(4), ErrorCode::kInvalid, "it is empty");
    expect_refused(which, endless, ErrorCode::kInvalid, "an answer of 4294967280 bytes");
    Bytes cut = good_answer(which, asked);
    cut.pop_back();
    expect_refused(which, cut, ErrorCode::kUnavailable, "closed the connection");
    expect_refused(which, answer_with(which, std::uint64_t{1}, 17), ErrorCode::kUnavailable, "systemctl restart aesmd");
    Bytes noise(4 + 64, std::byte{0xff});
    store_le<std::uint32_t>(noise, 0, 64);
    expect_refused(which, noise, ErrorCode::kInvalid, "protobuf");
  }
  expect_refused(kGetSupportedKeyCount, answer_with(kGetSupportedKeyCount, ~std::uint64_t{0}), ErrorCode::kInvalid,
                 "attestation keys");
  expect_refused(kGetSupportedKeyCount, answer_with(kGetSupportedKeyCount, std::uint64_t{0}), ErrorCode::kUnavailable,
                 "libsgx-aesm-quote-ex-plugin");
  expect_refused(kGetSupportedKeys, answer_with(kGetSupportedKeys, BytesView(Bytes(255))), ErrorCode::kInvalid,
                 "255 bytes");
  expect_refused(kInitQuoteEx, answer_with(kInitQuoteEx, BytesView(Bytes(511))), ErrorCode::kInvalid, "511 bytes");
  expect_refused(kGetQuoteSizeEx, answer_with(kGetQuoteSizeEx, std::uint64_t{1} << 40), ErrorCode::kInvalid,
                 "bytes for a quote");
  expect_refused(kGetQuoteEx, answer_with(kGetQuoteEx, BytesView(Bytes(435))), ErrorCode::kInvalid, "435 bytes");
  Bytes quote(500);
  store_le<std::uint32_t>(quote, 432, 65);
  expect_refused(kGetQuoteEx, answer_with(kGetQuoteEx, BytesView(quote)), ErrorCode::kInvalid, "65 of signature");
}

TEST(SgxAesmQuotesTest, AServiceThatSaysNothingIsNotWaitedForWithoutEnd) {
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::string folder = std::filesystem::temp_directory_path() / "aesm-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/socket";
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const void* const where = &address;
  ASSERT_EQ(::bind(listener.get(), static_cast<const sockaddr*>(where), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const auto quotes = make_aesm_quotes({.socket = path, .timeout = std::chrono::milliseconds(20)}).value();
  const auto info = quotes->target_info();
  ASSERT_FALSE(info);
  EXPECT_TRUE(info.error().message.contains("does not answer in time")) << info.error().message;
  std::filesystem::remove_all(folder);
}

TEST(SgxQuoteBytesTest, AQuoteEndsWhereItSays) {
  Bytes buffer(436 + 64);
  store_le<std::uint32_t>(buffer, 432, 64);
  EXPECT_EQ(trim_quote(buffer)->size(), 500u);
  store_le<std::uint32_t>(buffer, 432, 10);
  EXPECT_EQ(trim_quote(buffer)->size(), 446u);
  for (const std::uint32_t wrong : {65u, 0xffff'ffffu}) {
    store_le<std::uint32_t>(buffer, 432, wrong);
    EXPECT_FALSE(trim_quote(buffer));
  }
  for (std::size_t size = 0; size < 436; ++size) EXPECT_FALSE(trim_quote(BytesView(buffer).first(size)));
}

}  // namespace
}  // namespace adyton::sgx
