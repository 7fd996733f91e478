// SPDX-License-Identifier: Apache-2.0
// Against a server of this test's own.
#include "cli/curl_fetcher.h"

#include <map>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/descriptor.h"

namespace adyton {
namespace {

// Answers each request for a path with the bytes given for it, and closes; leaves unknown paths without an answer.
class Server {
 public:
  explicit Server(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {
    listener_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const auto any = [](sockaddr_in& in) { return static_cast<sockaddr*>(static_cast<void*>(&in)); };
    if (::bind(listener_.get(), any(address), size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), any(address), &size) != 0) {
      ADD_FAILURE() << "no local server";
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::string last_request() const {
    const std::scoped_lock lock(mutex_);
    return last_request_;
  }

 private:
  void serve() {
    std::vector<Descriptor> silent;  // held open
    for (;;) {
      Descriptor connection(::accept(listener_.get(), nullptr, nullptr));
      if (!connection.valid()) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(connection.get(), buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request.append(buffer, static_cast<std::size_t>(n));
      }
      note(request);
      const std::size_t start = request.find(' ') + 1;
      const auto found = answers_.find(request.substr(start, request.find(' ', start) - start));
      if (found == answers_.end()) {
        silent.push_back(std::move(connection));
        continue;
      }
      std::string_view rest = found->second;
      while (!rest.empty()) {
        const ssize_t n = ::send(connection.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
    }
  }

  void note(const std::string& request) {
    const std::scoped_lock lock(mutex_);
    last_request_ = request;
  }

  std::map<std::string, std::string> answers_;
  mutable std::mutex mutex_;
  Descriptor listener_;
  std::uint16_t port_ = 0;
  std::string last_request_;
  std::thread thread_;
};

std::string answer(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

const CurlOptions kLocal = {.timeout = std::chrono::milliseconds(5000), .max_body_bytes = 1 << 20};

Fetcher local_fetcher(CurlOptions options = kLocal) {
  options.allow_http = true;
  return make_curl_fetcher(options).value();
}

TEST(CurlFetcher, BringsStatusHeadersAndBody) {
  const std::string binary("\x30\x82\x00\xff", 4);
  const Server server({{"/a?b=c", answer("200 OK", "TCB-Info-Issuer-Chain:  %2DBEGIN \r\nEmpty:\r\n", binary)},
                       {"/none", answer("404 Not Found", "", "nothing")},
                       {"/busy", answer("503 Busy", "Retry-After: 3\r\n", "")}});
  const Fetcher fetcher = local_fetcher();
  for (int i = 0; i < 2; ++i) {
    const Result<FetchResponse> got = fetcher(server.url("/a?b=c"));
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 200U);
    EXPECT_EQ(as_text(got->body), binary);
    EXPECT_EQ(got->headers, (std::vector<std::pair<std::string, std::string>>{
                                {"connection", "close"}, {"tcb-info-issuer-chain", "%2DBEGIN"}, {"empty", ""}}));
  }
  EXPECT_TRUE(server.last_request().starts_with("GET /a?b=c HTTP/1.1\r\n")) << server.last_request();
  EXPECT_EQ(server.last_request().find("Cookie"), std::string::npos);
  EXPECT_EQ(fetcher(server.url("/none")).value().status, 404U);
  EXPECT_EQ(fetcher(server.url("/busy")).value().status, 503U);
}

TEST(CurlFetcher, FollowsNoRedirects) {
  const Server server({{"/a", answer("302 Found", "Location: /b\r\n", "")}, {"/b", answer("200 OK", "", "b")}});
  EXPECT_EQ(local_fetcher()(server.url("/a")).value().status, 302U);
}

TEST(CurlFetcher, EndsLongAndSlowAnswers) {
  const Server server({{"/long", answer("200 OK", "", std::string(2 << 20, 'x'))},
                       {"/heads", answer("200 OK", std::string(30 * 1000, 'x') + ": y\r\n", "z")},
                       {"/many", answer(
                                     "200 OK",
                                     [] {
                                       std::string out;
                                       for (int i = 0; i < 300; ++i) out += "a: b\r\n";
                                       return out;
                                     }(),
                                     "z")}});
  EXPECT_EQ(local_fetcher()(server.url("/long")).error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(local_fetcher()(server.url("/heads")));
  EXPECT_EQ(local_fetcher()(server.url("/many")).error().code, ErrorCode::kExhausted);
  const CurlOptions impatient = {.timeout = std::chrono::milliseconds(100)};
  EXPECT_EQ(local_fetcher(impatient)(server.url("/silence")).error().code, ErrorCode::kUnavailable);
}

TEST(CurlFetcher, TakesNoOtherProtocols) {
  const Server server({{"/a", answer("200 OK", "", "a")}});
  const Fetcher strict = make_curl_fetcher(kLocal).value();
  EXPECT_EQ(strict(server.url("/a")).error().code, ErrorCode::kInvalid);
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "nonsense://a", ""}) {
    EXPECT_FALSE(local_fetcher()(url)) << url;
  }
  // A server that speaks no TLS, and none at all.
  const Fetcher impatient = make_curl_fetcher({.timeout = std::chrono::milliseconds(200)}).value();
  EXPECT_EQ(impatient("https" + server.url("/a").substr(4)).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(local_fetcher()("http://127.0.0.1:1/").error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace adyton
