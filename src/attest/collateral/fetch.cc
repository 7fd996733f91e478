// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/fetch.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kScheme = "https://", kIntel = "https://api.trustedservices.intel.com";
constexpr std::chrono::seconds kLongestWait{60};
constexpr std::size_t kMaxUrlBytes = 2000;  // with what is added to it, a name in a bundle

// Intel gives the signers' certificates in headers (PCS API, "TCB-Info-Issuer-Chain" and its relatives).
constexpr std::string_view kChainHeader = "-issuer-chain";

void collect(const Findings& findings, std::vector<std::string>& out) {
  for (const Check& check : findings.checks) {
    if (check.outcome != Outcome::kMissing && check.outcome != Outcome::kOutOfTime) continue;
    std::string_view text = check.detail;
    for (std::size_t at = text.find(kScheme); at != text.npos; at = text.find(kScheme)) {
      text.remove_prefix(at);
      std::string_view url = text.substr(0, text.find_first_of(" \t\r\n\"'<>(),;"));
      text.remove_prefix(url.size());
      while (url.ends_with('.') || url.ends_with(':')) url.remove_suffix(1);
      if (url.size() == kScheme.size() || url.size() > kMaxUrlBytes) continue;
      if (std::ranges::find(out, url) == out.end()) out.emplace_back(url);
    }
  }
  for (const Findings::Part& part : findings.parts) collect(part.findings, out);
}

// The host of an https address that has nothing but a host before its path: no user, no port.
std::optional<std::string> host_of(std::string_view url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  std::string host(url.substr(0, url.find_first_of("/?#")));
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  return host;
}

bool may_ask(const std::string& host, const FetchRules& rules) {
  return std::ranges::any_of(rules.hosts, [&](const std::string& allowed) {
    return allowed.starts_with('.') ? host.ends_with(allowed) : host == allowed;
  });
}

// Where the request goes.
Result<std::string> address_of(const std::string& url, const FetchRules& rules) {
  for (const char c : url) {
    if (c <= ' ' || c >= 0x7f) return invalid("not an address");
  }
  for (const auto& [from, to] : rules.mirrors) {
    if (url.starts_with(from)) return to + url.substr(from.size());
  }
  const std::optional<std::string> host = host_of(url);
  if (!host) return invalid("not an https address of a host");
  if (!may_ask(*host, rules)) return denied("{} is not among the hosts that may be asked", *host);
  return url;
}

std::chrono::seconds wait_before(unsigned attempt, const Result<FetchResponse>& answer) {
  std::chrono::seconds wait{1U << std::min(attempt, 6U)};
  if (answer) {
    for (const auto& [name, value] : answer->headers) {
      unsigned seconds = 0;
      if (name == "retry-after" &&
          std::from_chars(value.data(), value.data() + value.size(), seconds).ec == std::errc())
        wait = std::chrono::seconds(seconds);
    }
  }
  return std::min(wait, kLongestWait);
}

bool worth_another_try(const Result<FetchResponse>& answer) {
  if (!answer) return answer.error().code == ErrorCode::kUnavailable || answer.error().code == ErrorCode::kIo;
  return answer->status == 429 || answer->status >= 500;
}

Result<FetchResponse> fetch(const std::string& url, const Fetcher& fetcher, const FetchRules& rules) {
  FetchResponse answer = TRY(fetcher(TRY(address_of(url, rules))));
  if (answer.status == 200) return answer;
  if (answer.status == 404) return not_found("the service has no such thing");
  return unavailable("the service answered {}", answer.status);
}

}  // namespace

std::vector<std::string> FetchRules::vendor_hosts() {
  return {"api.trustedservices.intel.com",
          "certificates.trustedservices.intel.com",
          "kdsintf.amd.com",
          "rim.attestation.nvidia.com",
          "nras.attestation.nvidia.com",
          "www.googleapis.com",
          "pki.goog",
          "confidentialcomputing.googleapis.com",
          ".attest.azure.net"};
}

std::vector<std::pair<std::string, std::string>> FetchRules::intel_pccs(std::string_view base) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return {{std::string(kIntel), std::string(base)},
          {"https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
           std::string(base) + "/sgx/certification/v4/rootcacrl"}};
}

Fetcher retrying_fetcher(Fetcher inner, unsigned attempts, std::function<void(std::chrono::seconds)> sleep) {
  return [inner = std::move(inner), attempts, sleep = std::move(sleep)](const std::string& url) {
    Result<FetchResponse> answer = inner(url);
    for (unsigned failed = 1; failed < attempts && worth_another_try(answer); ++failed) {
      if (sleep) sleep(wait_before(failed - 1, answer));
      answer = inner(url);
    }
    return answer;
  };
}

std::vector<std::string> missing_urls(const Findings& findings) {
  std::vector<std::string> out;
  collect(findings, out);
  return out;
}

Fetched fetch_collateral(const std::vector<std::string>& urls, const Fetcher& fetcher, const FetchRules& rules) {
  Fetched out;
  std::size_t count = 0;
  for (const std::string& url : urls) {
    if (count++ == rules.max_addresses) {
      out.problems.push_back(fmt::format("{} more addresses were not asked", urls.size() - rules.max_addresses));
      break;
    }
    Result<FetchResponse> answer = fetch(url, fetcher, rules);
    if (!answer) {
      out.problems.push_back(fmt::format("{}: {}", url, answer.error().message));
      continue;
    }
    for (const auto& [name, value] : answer->headers) {
      if (name.ends_with(kChainHeader)) out.files.insert_or_assign(fmt::format("{}#{}", url, name), to_bytes(value));
    }
    out.files.insert_or_assign(url, std::move(answer->body));
  }
  return out;
}

Findings verify_and_fetch(const std::function<Findings(const Collateral&)>& verify, Collateral& collateral,
                          const Fetcher& fetcher, const FetchRules& rules, Fetched& fetched) {
  std::set<std::string> asked;
  for (unsigned round = 0;; ++round) {
    Findings findings = verify(collateral);
    std::vector<std::string> urls = missing_urls(findings);
    std::erase_if(urls, [&](const std::string& url) { return !asked.insert(url).second; });
    if (urls.empty() || round == rules.max_rounds) return findings;
    Fetched more = fetch_collateral(urls, fetcher, rules);
    for (const auto& [address, bytes] : more.files) {
      if (!collateral.add_fetched(address, bytes)) collateral.add_document(address, bytes);
    }
    std::ranges::move(more.problems, std::back_inserter(fetched.problems));
    fetched.files.merge(more.files);
  }
}

}  // namespace adyton
