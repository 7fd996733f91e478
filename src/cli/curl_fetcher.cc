// SPDX-License-Identifier: Apache-2.0
#include "cli/curl_fetcher.h"

#include <memory>
#include <mutex>

#include <curl/curl.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxHeaders = 200, kMaxHeaderBytes = 64 << 10;

// One answer as it comes in.
struct Incoming {
  FetchResponse response;
  std::size_t max_body_bytes = 0;
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  Bytes& body = incoming.response.body;
  if (size > incoming.max_body_bytes - body.size()) {
    incoming.too_long = true;
    return 0;  // ends the transfer
  }
  const BytesView more = as_bytes(std::string_view(data, size));
  body.insert(body.end(), more.begin(), more.end());
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) incoming.response.headers.clear();  // the head of another answer: of a proxy's, say
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return size;
  if (incoming.response.headers.size() == kMaxHeaders || size > kMaxHeaderBytes) {
    incoming.too_long = true;
    return 0;
  }
  std::string name(line.substr(0, colon));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string_view value = line.substr(colon + 1);
  constexpr std::string_view kSpace = " \t\r\n";
  while (!value.empty() && kSpace.contains(value.front())) value.remove_prefix(1);
  while (!value.empty() && kSpace.contains(value.back())) value.remove_suffix(1);
  incoming.response.headers.emplace_back(std::move(name), value);
  return size;
}

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return ErrorCode::kUntrusted;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return ErrorCode::kInvalid;
    default: return ErrorCode::kUnavailable;
  }
}

// A handle that keeps connections open between requests.
class Client {
 public:
  Client(CURL* handle, CurlOptions options) : handle_(handle), options_(std::move(options)) {}

  bool prepare() {
    const auto set = [&](auto option, auto value) {
      return curl_easy_setopt(handle_.get(), option, value) == CURLE_OK;
    };
    const char* protocols = options_.allow_http ? "http,https" : "https";
    return set(CURLOPT_PROTOCOLS_STR, protocols) && set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) &&
           set(CURLOPT_HTTPGET, 1L) && set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count())) &&
           set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count())) &&
           set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
           set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
           set(CURLOPT_USERAGENT, "adyton/" ADYTON_VERSION) && set(CURLOPT_WRITEFUNCTION, on_body) &&
           set(CURLOPT_HEADERFUNCTION, on_header) &&
           (options_.authorities.empty() || set(CURLOPT_CAINFO, options_.authorities.c_str()));
  }

  Result<FetchResponse> get(const std::string& url) {
    const std::scoped_lock lock(mutex_);
    Incoming incoming{.response = {}, .max_body_bytes = options_.max_body_bytes};
    char reason[CURL_ERROR_SIZE] = {};
    curl_easy_setopt(handle_.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEDATA, &incoming);
    curl_easy_setopt(handle_.get(), CURLOPT_HEADERDATA, &incoming);
    curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, reason);
    const CURLcode done = curl_easy_perform(handle_.get());
    curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr);
    if (incoming.too_long) return exhausted("an answer of more than {} bytes", options_.max_body_bytes);
    if (done != CURLE_OK) return make_error(code_of(done), "{}", *reason != 0 ? reason : curl_easy_strerror(done));
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    incoming.response.status = static_cast<unsigned>(status);
    return std::move(incoming.response);
  }

 private:
  std::unique_ptr<CURL, CurlFree> handle_;
  CurlOptions options_;
  std::mutex mutex_;
};

}  // namespace

Result<Fetcher> make_curl_fetcher(CurlOptions options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a program
  CURL* handle = started == CURLE_OK ? curl_easy_init() : nullptr;
  if (handle == nullptr) return unavailable("libcurl cannot be used");
  const auto client = std::make_shared<Client>(handle, std::move(options));
  if (!client->prepare()) return unavailable("libcurl lacks something that is needed");
  return Fetcher([client](const std::string& url) { return client->get(url); });
}

}  // namespace adyton
