// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/fetch.h"

#include <map>

#include <gtest/gtest.h>

#include "attest/collateral/fetch_cache.h"
#include "testing/chain_fixture.h"
#include "testing/memory_storage.h"

namespace adyton {
namespace {

using testing::kFakeDay;
using testing::kFakeNow;

// Services that answer what they were told to, and note what they were asked.
struct FakeServices {
  std::map<std::string, FetchResponse> answers;
  std::map<std::string, std::vector<Result<FetchResponse>>> first;  // what is answered before that, once each
  std::vector<std::string> asked;

  Fetcher fetcher() {
    return [this](const std::string& url) -> Result<FetchResponse> {
      asked.push_back(url);
      if (auto& queue = first[url]; !queue.empty()) {
        const Result<FetchResponse> answer = queue.front();
        queue.erase(queue.begin());
        return answer;
      }
      const auto found = answers.find(url);
      if (found == answers.end()) return FetchResponse{404, {}, {}};
      return found->second;
    };
  }
};

FetchResponse ok(BytesView body) { return {200, {}, to_bytes(body)}; }
FetchResponse ok(std::string_view body) { return ok(as_bytes(body)); }

TEST(MissingUrls, AreThoseOfWhatIsMissingOrOld) {
  Findings findings;
  findings.miss("a", "the thing: it is had from https://kdsintf.amd.com/vcek/v1/Milan/00?blSPL=03&teeSPL=00.");
  findings.miss("b", "(https://a.example/x) or <https://b.example/y>, else https:// and http://c.example");
  findings.out_of_time("c", "old: https://d.example/z");
  findings.fail("d", "https://e.example");
  findings.note("e", "https://f.example");
  findings.pass("f", "https://g.example");
  Findings inner;
  inner.miss("g", "https://h.example https://a.example/x");
  findings.parts.push_back({"part", inner});
  EXPECT_EQ(
      missing_urls(findings),
      (std::vector<std::string>{"https://kdsintf.amd.com/vcek/v1/Milan/00?blSPL=03&teeSPL=00", "https://a.example/x",
                                "https://b.example/y", "https://d.example/z", "https://h.example"}));
}

TEST(Fetch, AsksOnlyWhomItMay) {
  FakeServices services;
  const std::vector<std::string> urls = {"https://kdsintf.amd.com/a",
                                         "https://kdsintf.amd.com.evil.example/a",
                                         "https://evil.example/kdsintf.amd.com",
                                         "https://user@kdsintf.amd.com/a",
                                         "https://kdsintf.amd.com:8443/a",
                                         "http://kdsintf.amd.com/a",
                                         "https://KDSINTF.AMD.COM/b",
                                         "https://shared.weu.attest.azure.net/c",
                                         "https://attest.azure.net/c",
                                         "https://evilattest.azure.net/",
                                         "https://127.0.0.1/",
                                         "file:///etc/passwd",
                                         "https://kdsintf.amd.com/a b",
                                         "https://"};
  const Fetched fetched = fetch_collateral(urls, services.fetcher());
  EXPECT_EQ(services.asked, (std::vector<std::string>{"https://kdsintf.amd.com/a", "https://KDSINTF.AMD.COM/b",
                                                      "https://shared.weu.attest.azure.net/c"}));
  EXPECT_EQ(fetched.problems.size(), urls.size());
  EXPECT_NE(fetched.problems[1].find("not among the hosts"), std::string::npos);
}

TEST(Fetch, KeepsAnswersWithTheirChains) {
  FakeServices services;
  const std::string url = "https://api.trustedservices.intel.com/sgx/certification/v4/tcb?fmspc=00";
  services.answers[url] = {200, {{"tcb-info-issuer-chain", "CHAIN"}, {"date", "today"}}, to_bytes("INFO")};
  const Fetched fetched = fetch_collateral({url, "https://kdsintf.amd.com/none"}, services.fetcher());
  EXPECT_EQ(fetched.files, (Bundle{{url, to_bytes("INFO")}, {url + "#tcb-info-issuer-chain", to_bytes("CHAIN")}}));
  EXPECT_EQ(fetched.problems,
            (std::vector<std::string>{"https://kdsintf.amd.com/none: the service has no such thing"}));
}

TEST(Fetch, GoesToMirrors) {
  FakeServices services;
  services.answers["http://pccs:8081/sgx/certification/v4/rootcacrl"] = ok("3000");
  services.answers["http://pccs:8081/sgx/certification/v4/qe/identity"] = ok("{}");
  FetchRules rules;
  rules.mirrors = FetchRules::intel_pccs("http://pccs:8081/");
  const std::vector<std::string> urls = {"https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
                                         "https://api.trustedservices.intel.com/sgx/certification/v4/qe/identity"};
  EXPECT_EQ(fetch_collateral(urls, services.fetcher(), rules).files.size(), 2U);
}

TEST(Fetch, IsBounded) {
  FakeServices services;
  const std::vector<std::string> urls(40, "https://kdsintf.amd.com/a");
  const Fetched fetched = fetch_collateral(urls, services.fetcher());
  EXPECT_EQ(services.asked.size(), 32U);
  EXPECT_EQ(fetched.problems.back(), "8 more addresses were not asked");
}

TEST(RetryingFetcher, TriesAgainWhatMayPass) {
  const std::string url = "https://kdsintf.amd.com/a";
  const auto run = [&](std::vector<Result<FetchResponse>> first, unsigned attempts) {
    FakeServices services;
    services.first[url] = std::move(first);
    services.answers[url] = ok("x");
    std::vector<std::chrono::seconds> waits;
    const Fetcher fetcher =
        retrying_fetcher(services.fetcher(), attempts, [&](std::chrono::seconds s) { waits.push_back(s); });
    const Result<FetchResponse> answer = fetcher(url);
    return std::tuple(answer.has_value() ? answer->status : 0, services.asked.size(), waits);
  };
  using Waits = std::vector<std::chrono::seconds>;
  using std::chrono::seconds;
  const Error down{ErrorCode::kUnavailable, "down"}, wrong{ErrorCode::kInvalid, "wrong"};
  EXPECT_EQ(run({down, FetchResponse{503, {}, {}}}, 3), std::tuple(200U, 3U, Waits({seconds(1), seconds(2)})));
  EXPECT_EQ(run({down, down, down}, 3), std::tuple(0U, 3U, Waits({seconds(1), seconds(2)})));
  EXPECT_EQ(run({wrong}, 3), std::tuple(0U, 1U, Waits()));
  EXPECT_EQ(run({FetchResponse{404, {}, {}}}, 3), std::tuple(404U, 1U, Waits()));
  EXPECT_EQ(run({FetchResponse{429, {{"retry-after", "7"}}, {}}}, 3), std::tuple(200U, 2U, Waits({seconds(7)})));
  EXPECT_EQ(run({FetchResponse{429, {{"retry-after", "9999999"}}, {}}}, 3), std::tuple(200U, 2U, Waits({seconds(60)})));
  EXPECT_EQ(run({down}, 1), std::tuple(0U, 1U, Waits()));
}

TEST(VerifyAndFetch, GetsWhatIsMissedUntilNothingIs) {
  testing::ChainFixture f;
  const std::string list_url = "https://kdsintf.amd.com/root.crl", gone = "https://kdsintf.amd.com/middle.crl";
  f.middle = f.root.issue_ca("Middle", {.crl_urls = {list_url}});
  f.leaf = f.middle.issue("Leaf", {.crl_urls = {gone}});
  f.collateral.add(f.middle.revoke({}));
  f.rules.needs_lists = true;
  FakeServices services;
  services.answers[list_url] = ok(f.root.revoke({}).der());
  const auto verify = [&](const Collateral& collateral) {
    const VerifyContext context{collateral, f.anchors, f.now};
    Findings findings;
    verify_chain(f.leaf.certificate, {f.middle.certificate()}, f.rules, context, findings);
    return findings;
  };
  Fetched fetched;
  f.findings = verify_and_fetch(verify, f.collateral, services.fetcher(), {}, fetched);
  f.trusted = true;
  EXPECT_TRUE(f.clean()) << f.all();
  EXPECT_EQ(services.asked, std::vector<std::string>{list_url});
  EXPECT_EQ(fetched.files.size(), 1U);

  // What cannot be had is asked for once.
  Collateral nothing;
  Fetched none;
  FakeServices silent;
  f.findings = verify_and_fetch(verify, nothing, silent.fetcher(), {}, none);
  EXPECT_EQ(f.count(Outcome::kMissing), 2) << f.all();
  EXPECT_EQ(silent.asked.size(), 2U);
  EXPECT_EQ(none.problems.size(), 2U);
}

struct CacheFixture {
  FakeServices services;
  testing::MemoryStorage storage;
  std::int64_t now = kFakeNow;
  FetchCacheRules rules;
  Fetcher fetcher() {
    return cached_fetcher(services.fetcher(), storage, [this] { return now; }, rules);
  }
};

TEST(CachedFetcher, AsksOnceUntilItIsOld) {
  CacheFixture f;
  f.services.answers["https://a/"] = {200, {{"x-issuer-chain", "c"}, {"date", "d"}}, to_bytes("body")};
  for (int i = 0; i < 3; ++i) {
    const FetchResponse answer = f.fetcher()("https://a/").value();
    EXPECT_EQ(as_text(answer.body), "body");
    EXPECT_EQ(answer.headers[0], (std::pair<std::string, std::string>("x-issuer-chain", "c")));
  }
  EXPECT_EQ(f.services.asked.size(), 1U);
  f.now += f.rules.max_age;
  EXPECT_TRUE(f.fetcher()("https://a/"));
  EXPECT_EQ(f.services.asked.size(), 1U);
  f.now += 1;
  EXPECT_TRUE(f.fetcher()("https://a/"));
  EXPECT_EQ(f.services.asked.size(), 2U);
  f.now -= 2 * kFakeDay;  // the clock was set back
  EXPECT_TRUE(f.fetcher()("https://a/"));
  EXPECT_EQ(f.services.asked.size(), 3U);
}

TEST(CachedFetcher, AsksAgainForWhatSaysItIsOld) {
  const testing::FakeCa root = testing::FakeCa::root("Root");
  const std::pair<Bytes, int> cases[] = {
      {to_bytes(root.revoke({}, {.next_update = kFakeNow + 10}).der()), 2},
      {to_bytes("{\"tcbInfo\":{\"nextUpdate\":\"2025-06-15T15:06:50Z\"}}"), 2},
      {to_bytes("{\"enclaveIdentity\":{\"nextUpdate\":\"2025-06-15T15:06:50Z\"},\"signature\":\"\"}"), 2},
      {to_bytes("{\"tcbInfo\":{\"nextUpdate\":\"tomorrow\"}}"), 3},
      {to_bytes("{\"tcbInfo\":{}}"), 1},
      {to_bytes(root.revoke({}, {.next_update = std::nullopt}).der()), 1},
  };
  for (const auto& [body, asked] : cases) {
    CacheFixture f;
    f.services.answers["https://a/"] = ok(body);
    EXPECT_TRUE(f.fetcher()("https://a/"));
    f.now += 10;
    EXPECT_TRUE(f.fetcher()("https://a/"));
    f.now += 1;
    EXPECT_TRUE(f.fetcher()("https://a/"));
    EXPECT_EQ(f.services.asked.size(), static_cast<std::size_t>(asked)) << as_text(body);
  }
}

TEST(CachedFetcher, GivesTheOldAnswerRatherThanNone) {
  CacheFixture f;
  f.services.answers["https://a/"] = ok("old");
  EXPECT_TRUE(f.fetcher()("https://a/"));
  f.now += 2 * kFakeDay;
  f.services.first["https://a/"] = {Error{ErrorCode::kUnavailable, "down"}, FetchResponse{500, {}, {}}};
  EXPECT_EQ(as_text(f.fetcher()("https://a/").value().body), "old");
  EXPECT_EQ(as_text(f.fetcher()("https://a/").value().body), "old");
  EXPECT_EQ(f.fetcher()("https://b/").value().status, 404U);
  EXPECT_EQ(f.fetcher()("https://b/").value().status, 404U);
  EXPECT_EQ(f.services.asked.size(), 5U);  // failures are not kept
}

TEST(CachedFetcher, SurvivesADamagedStorage) {
  CacheFixture f;
  f.services.answers["https://a/"] = ok("body");
  EXPECT_TRUE(f.fetcher()("https://a/"));
  const std::string name = f.storage.list().value().at(0);
  const Bytes whole = f.storage.read(name, 0, kStorageCallBytes).value();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const unsigned bit : {0U, 7U}) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1U << bit);
      ASSERT_TRUE(f.storage.write(name, 0, flipped, false));
      ASSERT_TRUE(f.fetcher()("https://a/"));
    }
    ASSERT_TRUE(f.storage.truncate(name, i));
    EXPECT_EQ(as_text(f.fetcher()("https://a/").value().body), "body");
  }
  f.rules.max_body_bytes = 3;
  CacheFixture small;
  small.rules = {.max_entries = 1, .max_body_bytes = 3};
  small.services.answers["https://a/"] = ok("1234");
  small.services.answers["https://b/"] = ok("123");
  small.services.answers["https://c/"] = ok("123");
  for (const char* url : {"https://a/", "https://b/", "https://c/", "https://b/"}) EXPECT_TRUE(small.fetcher()(url));
  EXPECT_EQ(small.storage.list().value().size(), 1U);
  EXPECT_EQ(small.services.asked.size(), 3U);
}

}  // namespace
}  // namespace adyton
