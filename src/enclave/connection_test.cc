// SPDX-License-Identifier: Apache-2.0
// The inside of an enclave against hosts that are honest, and hosts that are not.
#include "enclave/connection.h"

#include <gtest/gtest.h>

#include "call/builtin_calls.h"
#include "enclave/host_self.h"
#include "enclave/host_storage.h"
#include "image/manifest.h"

namespace adyton {
namespace {

BootInfo example_boot() {
  BootInfo boot{.backend = "process", .storage = true, .message_bytes = 64 << 20};
  Manifest manifest;
  manifest.name = "vault";
  manifest.product = 3;
  manifest.svn = 5;
  manifest.debug = true;
  boot.manifest = encode_manifest(manifest);
  boot.image.fill(std::byte{1});
  boot.signer.fill(std::byte{2});
  return boot;
}

// A host that passes `boot` and answers with `handlers`; the enclave's connection to it.
struct Pair {
  SharedMemory memory;
  std::unique_ptr<Endpoint> host;
  Result<Connection> enclave;

  explicit Pair(BytesView boot, Handlers handlers = {})
      : memory(SharedMemory::make(Endpoint::memory_bytes({}, boot.size())).value()),
        host(Endpoint::make_host(memory.alias(), {}, boot, std::move(handlers)).value()),
        enclave(connect(memory.alias())) {}
  explicit Pair(Handlers handlers) : Pair(*encode_boot(example_boot()), std::move(handlers)) {}
  ~Pair() {
    if (enclave) enclave->endpoint->close({});
    host->close({});
  }
  Endpoint& endpoint() { return *enclave->endpoint; }
};

TEST(EnclaveConnection, KnowsWhatTheHostSaid) {
  const Pair pair(*encode_boot(example_boot()));
  ASSERT_TRUE(pair.enclave) << pair.enclave.error().message;
  EXPECT_EQ(pair.enclave->boot, example_boot());
  const Identity& identity = pair.enclave->identity;
  EXPECT_EQ(identity.name, "vault");
  EXPECT_EQ(identity.product, 3);
  EXPECT_EQ(identity.svn, 5);
  EXPECT_TRUE(identity.debug);
  EXPECT_EQ(identity.image, example_boot().image);
  EXPECT_EQ(identity.signer, example_boot().signer);
}

TEST(EnclaveConnection, RefusesMalformedBootInformation) {
  for (const Bytes& boot : {Bytes(), to_bytes("nonsense"), Bytes(100)}) {
    const Pair pair(boot);
    ASSERT_FALSE(pair.enclave);
    EXPECT_EQ(pair.enclave.error().code, ErrorCode::kInvalid);
  }
  BootInfo boot = example_boot();
  boot.manifest = to_bytes("not a manifest");
  const Pair pair(*encode_boot(boot));
  ASSERT_FALSE(pair.enclave);
  EXPECT_NE(pair.enclave.error().message.find("manifest"), std::string::npos);
}

TEST(EnclaveConnection, OfAProgramThatNobodyLaunched) {
  ASSERT_EQ(std::getenv("ADYTON_CHANNEL"), nullptr);
  ASSERT_FALSE(connection());
  EXPECT_EQ(connection().error().code, ErrorCode::kUnavailable);
  EXPECT_NE(connection().error().message.find("adyton run"), std::string::npos);
}

TEST(HostSelf, AsksTheHost) {
  Bytes asked;
  Pair pair(Handlers(
      builtin::evidence,
      [&](BytesView data) {
        asked = to_bytes(data);
        return to_bytes("evidence");
      },
      builtin::sealing_key,
      [](std::uint8_t policy, std::string_view label, std::optional<std::uint16_t> svn) {
        return Bytes(32, static_cast<std::byte>(policy + label.size() + svn.value_or(100)));
      }));
  const HostSelf self(pair.endpoint(), pair.enclave->identity, "process");
  EXPECT_EQ(*self.evidence(as_bytes("data")), to_bytes("evidence"));
  EXPECT_EQ(asked, to_bytes("data"));
  EXPECT_EQ(to_bytes(self.sealing_key(SealPolicy::kImage, "four")->expose()), Bytes(32, std::byte{105}));
  EXPECT_EQ(to_bytes(self.sealing_key(SealPolicy::kSigner, "four", 5)->expose()), Bytes(32, std::byte{11}));
}

TEST(HostSelf, AsksForNothingImpossible) {
  Pair pair(Handlers{});  // would answer not_found
  const HostSelf self(pair.endpoint(), pair.enclave->identity, "process");
  EXPECT_EQ(self.evidence(Bytes(65)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(self.sealing_key(SealPolicy::kImage, "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(self.sealing_key(SealPolicy::kImage, std::string(65, 'l')).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(self.sealing_key(SealPolicy::kSigner, "label", 6).error().code, ErrorCode::kDenied);
  EXPECT_EQ(self.sealing_key(SealPolicy::kSigner, "label", 5).error().code, ErrorCode::kNotFound);
}

TEST(HostSelf, BelievesNoWrongAnswer) {
  std::size_t key_bytes = 0;
  Pair pair(Handlers(
      builtin::evidence, [](BytesView) { return Bytes((1 << 20) + 1); }, builtin::sealing_key,
      [&](std::uint8_t, std::string_view, std::optional<std::uint16_t>) { return Bytes(key_bytes); }));
  const HostSelf self(pair.endpoint(), pair.enclave->identity, "process");
  EXPECT_EQ(self.evidence({}).error().code, ErrorCode::kInvalid);
  for (key_bytes = 0; key_bytes < 70; ++key_bytes) {
    EXPECT_EQ(self.sealing_key(SealPolicy::kImage, "label").has_value(), key_bytes == 32);
  }
}

TEST(HostStorage, BelievesNoWrongAnswer) {
  std::vector<std::string> names;
  Pair pair(Handlers(
      builtin::storage_read, [](std::string_view, std::uint64_t, std::uint32_t bytes) { return Bytes(bytes + 1); },
      builtin::storage_list, [&] { return names; }));
  HostStorage storage(pair.endpoint());
  EXPECT_EQ(storage.read("file", 0, 10).error().code, ErrorCode::kInvalid);
  names = {"b", "a"};
  EXPECT_EQ(*storage.list(), (std::vector<std::string>{"a", "b"}));
  for (const auto& bad : {std::vector<std::string>{"a", "b", "a"}, {"../a"}, {""}, {"a", std::string(65, 'a')}}) {
    names = bad;
    EXPECT_EQ(storage.list().error().code, ErrorCode::kInvalid);
  }
}

TEST(HostStorage, AsksForNothingImpossible) {
  Pair pair(Handlers{});
  HostStorage storage(pair.endpoint());
  EXPECT_EQ(storage.read("../x", 0, 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(storage.read("x", 0, kStorageCallBytes + 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(storage.write("x", 0, Bytes(kStorageCallBytes + 1), true).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(storage.rename("x", "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(storage.size("x").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace adyton
