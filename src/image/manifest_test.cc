// SPDX-License-Identifier: Apache-2.0
#include "image/manifest.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/cbor.h"

namespace adyton {
namespace {

Manifest full() {
  Manifest manifest;
  manifest.name = "device-ca_2";
  manifest.product = 7;
  manifest.svn = 65535;
  manifest.debug = true;
  manifest.memory = {.heap_bytes = 256 << 20, .stack_bytes = 64 << 10, .require_secret = true};
  manifest.threads = 64;
  manifest.files = {.read = {"/etc/ssl/certs", "/"}, .write = {"/var/lib/\xce\xb4"}};
  manifest.network = {.connect = {443, 1}, .listen = {65535}};
  manifest.environment = {"TZ", "_a9"};
  manifest.calls = {{"ca.issue", "(string) -> string"}, {"ca.revoke", "(list<bytes>) -> none"}};
  manifest.host_calls = {{"ca.audit line", "(string) -> none"}};
  return manifest;
}

Manifest with_sgx() {
  Manifest manifest = full();
  manifest.sgx = {.features = {"avx", "avx512", "pkru", "amx"},
                  .threads = 256,
                  .exception_info = true,
                  .provision_key = true,
                  .kss = true,
                  .family_id = {std::byte{1}},
                  .extended_product_id = {std::byte{2}},
                  .malloc_arenas = 16};
  return manifest;
}

TEST(Manifest, GoesThroughCbor) {
  for (const Manifest& manifest : {full(), with_sgx(), Manifest{.name = "x"}}) {
    const Bytes encoded = encode_manifest(manifest);
    const Result<Manifest> parsed = parse_manifest(encoded);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, manifest);
    EXPECT_EQ(encode_manifest(*parsed), encoded);
  }
}

// The bytes are part of the identity of every image: this encoding must never change.
TEST(Manifest, HasTheDocumentedEncoding) {
  EXPECT_EQ(to_hex(encode_manifest({.name = "x"})),
            "ac"
            "6373766e00"      // svn: 0
            "646e616d656178"  // name: "x"
            "656361"
            "6c6c7380"        // calls: []
            "656465627567f4"  // debug: false
            "6566696c6573"
            "a2"
            "64726561"
            "6480"
            "657772697465"
            "80"
            "66666f726d617401"  // format: 1
            "666d656d6f7279"
            "a3"
            "64686561701a04000000"
            "65737461636b1a00100000"
            "6e726571756972655f736563726574f4"
            "676e6574776f726b"
            "a2"
            "666c697374656e80"
            "67636f6e6e65637480"
            "6770726f6475637400"          // product: 0
            "677468726561647308"          // threads: 8
            "6a686f73745f63616c6c7380"    // host_calls: []
            "6b656e7669726f6e6d656e7480"  // environment: []
  );
}

// The one optional key, where the order of encodings puts it; and it is there only if it says something.
TEST(Manifest, HasTheDocumentedEncodingOfSgx) {
  Manifest manifest{.name = "x"};
  manifest.sgx.threads = 9;
  const std::string sgx =
      "63736778"
      "a7"
      "636b7373f4"
      "677468726561647309"
      "68666561747572657380"
      "6966616d696c795f69645000000000000000000000000000000000"
      "6d70726f766973696f6e5f6b6579f4"
      "6e657863657074696f6e5f696e666ff4"
      "73657874656e6465645f70726f647563745f69645000000000000000000000000000000000";
  std::string wanted = "ad63736778" + sgx.substr(8) + to_hex(encode_manifest({.name = "x"})).substr(2);
  EXPECT_EQ(to_hex(encode_manifest(manifest)), wanted);
  wanted.replace(wanted.find("677468726561647309"), 18, "677468726561647300");
  EXPECT_EQ(parse_manifest(*parse_hex(wanted)).error().code, ErrorCode::kInvalid);

  // And in it a key that is there only if there are several.
  manifest.sgx.malloc_arenas = 4;
  wanted = to_hex(encode_manifest(manifest));
  constexpr std::string_view kArenas = "6d6d616c6c6f635f6172656e6173";
  const auto at = wanted.find(kArenas);
  ASSERT_NE(at, wanted.npos);
  EXPECT_EQ(wanted.substr(at + kArenas.size(), 2), "04");
  EXPECT_EQ(parse_manifest(*parse_hex(wanted)).value(), manifest);
  for (const char* bad : {"00", "01"}) {
    wanted.replace(at + kArenas.size(), 2, bad);
    EXPECT_EQ(parse_manifest(*parse_hex(wanted)).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(Manifest, RefusesSgxThatContradictsItself) {
  const auto refused = [](auto&& change, std::string_view key) {
    Manifest manifest = with_sgx();
    change(manifest);
    const auto checked = check_manifest(manifest);
    ASSERT_FALSE(checked) << key;
    EXPECT_TRUE(checked.error().message.starts_with(key)) << checked.error().message;
  };
  refused([](Manifest& m) { m.sgx.features = {"avx512"}; }, "sgx.features");
  refused([](Manifest& m) { m.sgx.features = {"mpx"}; }, "sgx.features");
  refused([](Manifest& m) { m.sgx.features = {"avx", "avx"}; }, "sgx.features");
  const std::string digest(64, 'a');
  const auto digests = [&](std::vector<std::string> list) {
    return [=](Manifest& m) {
      m.files.read = {"/etc/ssl", "/one"};
      m.sgx.file_sha256 = list;
    };
  };
  Manifest good = with_sgx();
  digests({digest + " /one", digest + " /etc/ssl/a"})(good);
  EXPECT_TRUE(check_manifest(good));
  EXPECT_EQ(parse_manifest(encode_manifest(good)).value(), good);
  refused(digests({digest + " /etc/sslx"}), "sgx.file_sha256: /etc");
  refused(
      [&](Manifest& m) {
        digests({digest + " /etc/ssl/own/file"})(m);
        m.files.write = {"/etc/ssl/own"};
      },
      "sgx.file_sha256: /etc/ssl/own/file is in files.write");
  refused(digests({digest + " /etc"}), "sgx.file_sha256: /etc");
  refused(digests({digest + " /one", std::string(64, 'b') + " /one"}), "sgx.file_sha256: /one");
  refused(digests({digest + "  /one"}), "sgx.file_sha256");
  refused(digests({digest.substr(1) + " /one"}), "sgx.file_sha256");
  refused(digests({std::string(64, 'A') + " /one"}), "sgx.file_sha256");
  refused(digests({digest + " "}), "sgx.file_sha256");
  refused(digests({digest}), "sgx.file_sha256");
  refused([](Manifest& m) { m.sgx.threads = 63; }, "sgx.threads");
  refused([](Manifest& m) { m.sgx.malloc_arenas = 0; }, "sgx.malloc_arenas");
  refused([](Manifest& m) { m.sgx.malloc_arenas = 257; }, "sgx.malloc_arenas");
  refused([](Manifest& m) { m.memory.heap_bytes = (64 << 20) - 4096; },
          "sgx.malloc_arenas: 16 want a memory.heap of 64 MiB");
  refused([](Manifest& m) { m.sgx.threads = 257; }, "sgx.threads");
  refused([](Manifest& m) { m.sgx.kss = false; }, "sgx.family_id");
}

TEST(Manifest, RefusesEveryTruncation) {
  const Bytes whole = encode_manifest(with_sgx());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_manifest(BytesView(whole).first(size)).error().code, ErrorCode::kInvalid) << size;
  }
}

TEST(Manifest, ReadsNoFlippedByteAsTheSameManifest) {
  const Bytes whole = encode_manifest(with_sgx());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1u << bit);
      const Result<Manifest> parsed = parse_manifest(flipped);
      if (!parsed) continue;
      EXPECT_NE(*parsed, full()) << i;
      EXPECT_EQ(encode_manifest(*parsed), flipped) << i;
    }
  }
}

TEST(Manifest, RefusesValuesOutOfRange) {
  const std::pair<std::string_view, std::function<void(Manifest&)>> changes[] = {
      {"name", [](Manifest& m) { m.name = ""; }},
      {"name", [](Manifest& m) { m.name = "Upper"; }},
      {"name", [](Manifest& m) { m.name = std::string(65, 'a'); }},
      {"memory.heap", [](Manifest& m) { m.memory.heap_bytes = (1 << 20) - 4096; }},
      {"memory.heap", [](Manifest& m) { m.memory.heap_bytes = (64ull << 30) + 4096; }},
      {"memory.heap", [](Manifest& m) { m.memory.heap_bytes += 1; }},
      {"memory.stack", [](Manifest& m) { m.memory.stack_bytes = 60 << 10; }},
      {"memory.stack", [](Manifest& m) { m.memory.stack_bytes = (64 << 20) + 4096; }},
      {"memory.stack", [](Manifest& m) { m.memory.stack_bytes += 1024; }},
      {"threads", [](Manifest& m) { m.threads = 0; }},
      {"threads", [](Manifest& m) { m.threads = 65; }},
      {"files.read", [](Manifest& m) { m.files.read = {"relative"}; }},
      {"files.read", [](Manifest& m) { m.files.read = {""}; }},
      {"files.read", [](Manifest& m) { m.files.read = {"/a/../b"}; }},
      {"files.read", [](Manifest& m) { m.files.read = {"/a/./b"}; }},
      {"files.read", [](Manifest& m) { m.files.read = {"/a//b"}; }},
      {"files.read", [](Manifest& m) { m.files.read = {"/a/"}; }},
      {"files.read", [](Manifest& m) { m.files.read = {"/a", "/a"}; }},
      {"files.write", [](Manifest& m) { m.files.write = {std::string("/a\0b", 4)}; }},
      {"files.write", [](Manifest& m) { m.files.write = {"/" + std::string(4095, 'a')}; }},
      {"files.write", [](Manifest& m) { m.files.write = {"/\xff"}; }},
      {"network.connect", [](Manifest& m) { m.network.connect = {0}; }},
      {"network.listen", [](Manifest& m) { m.network.listen = {80, 80}; }},
      {"environment", [](Manifest& m) { m.environment = {"A=B"}; }},
      {"environment", [](Manifest& m) { m.environment = {"1A"}; }},
      {"environment", [](Manifest& m) { m.environment = {""}; }},
      {"environment", [](Manifest& m) { m.environment.assign(kMaxManifestEntries + 1, "A"); }},
      {"calls", [](Manifest& m) { m.calls = {{"b", "()"}, {"a", "()"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{"a", "()"}, {"a", "(u8)"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{"", "()"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{"a(b", "()"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{std::string(129, 'a'), "()"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{"a", "u8"}}; }},
      {"calls", [](Manifest& m) { m.calls = {{"a", "(\n)"}}; }},
      {"host_calls", [](Manifest& m) { m.host_calls = {{"a\x7f", "()"}}; }},
      {"host_calls", [](Manifest& m) { m.host_calls = {{"a", "(" + std::string(65536, ' ')}}; }},
  };
  for (const auto& [key, change] : changes) {
    Manifest manifest = full();
    change(manifest);
    const Result<void> checked = check_manifest(manifest);
    ASSERT_FALSE(checked) << key;
    EXPECT_TRUE(checked.error().message.starts_with(std::string(key) + ": ")) << checked.error().message;
    EXPECT_FALSE(parse_manifest(encode_manifest(manifest))) << checked.error().message;
  }
}

TEST(Manifest, RefusesOtherKeysAndTypes) {
  const auto refuse = [](const std::function<void(cbor::MapWriter&)>& change) {
    cbor::MapWriter map;
    change(map);
    return parse_manifest(cbor::Writer().map(map).encoded()).error().message;
  };
  EXPECT_EQ(refuse([](auto&) {}), "manifest: 12 keys are missing");
  EXPECT_EQ(refuse([](auto& map) { map.key("nam").text("x"); }), "manifest: unknown key \"nam\"");
  EXPECT_EQ(refuse([](auto& map) { map.key(1).text("x"); }), "manifest: unknown key 1");
  EXPECT_NE(refuse([](auto& map) { map.key("svn").text("1"); }).find("not an unsigned integer"), std::string::npos);
  EXPECT_NE(refuse([](auto& map) { map.key("svn").unsigned_integer(65536); }).find("too large"), std::string::npos);
  EXPECT_FALSE(parse_manifest({}));

  Bytes other_format = encode_manifest(full());
  const auto format = std::string(as_text(other_format)).find("format") + 6;
  other_format[format] = std::byte{2};
  EXPECT_NE(parse_manifest(other_format).error().message.find("format 2"), std::string::npos);
  Bytes trailing = encode_manifest(full());
  trailing.push_back(std::byte{0});
  EXPECT_FALSE(parse_manifest(trailing));
}

}  // namespace
}  // namespace adyton
