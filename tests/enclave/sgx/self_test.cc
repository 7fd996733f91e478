// SPDX-License-Identifier: Apache-2.0
// Self in an SGX enclave against the emulator's keys, and against hosts that are honest, and hosts that are not.
#include <gtest/gtest.h>

#include "attest/verify/verified.h"
#include "call/builtin_calls.h"
#include "crypto/crypto.h"
#include "emulated_instructions.h"
#include "enclave/connection.h"
#include "enclave/sgx/sgx_self.h"
#include "platform/builtin_calls.h"
#include "quoting_machine.h"

namespace adyton {
namespace {

using testing::EmulatedInstructions;
using testing::Example;
using testing::kNow;
using testing::QuotingMachine;

BootInfo boot_of(const Example& example) {
  BootInfo boot{.backend = "sgx-emulated", .storage = true, .message_bytes = 64 << 20};
  boot.manifest = encode_manifest(example.manifest);
  boot.image = example.image;
  boot.signer.fill(std::byte{2});
  return boot;
}

// An enclave on a machine, and its connection to a host that says `boot` and answers with `handlers`.
struct Pair {
  Pair(const SgxFuses& fuses, const Example& example, Handlers handlers, const BootInfo& boot)
      : processor(fuses, example.secs),
        measured(example.measured(processor).value()),
        encoded(encode_boot(boot).value()),
        memory(SharedMemory::make(Endpoint::memory_bytes({}, encoded.size())).value()),
        host(Endpoint::make_host(memory.alias(), {}, encoded, std::move(handlers)).value()),
        connected(connect(memory.alias(), &measured)) {
    if (connected) self.emplace(*connected->endpoint, processor, measured, connected->boot.backend);
  }
  Pair(const SgxFuses& fuses, const Example& example, Handlers handlers)
      : Pair(fuses, example, std::move(handlers), boot_of(example)) {}
  ~Pair() {
    if (connected) connected->endpoint->close({});
    host->close({});
  }

  EmulatedInstructions processor;
  MeasuredEnclave measured;
  Bytes encoded;
  SharedMemory memory;
  std::unique_ptr<Endpoint> host;
  Result<Connection> connected;
  std::optional<SgxSelf> self;
};

class SgxSelfTest : public ::testing::Test {
 protected:
  std::string key(const Example& example, SealPolicy policy = SealPolicy::kSigner, std::string_view label = "label",
                  std::optional<std::uint16_t> svn = std::nullopt) const {
    const Pair pair(machine_.fuses, example, Handlers{});
    const auto found = pair.self->sealing_key(policy, label, svn);
    return found ? to_hex(found->expose()) : found.error().message;
  }
  static Example example() { return {}; }

  QuotingMachine machine_;
};

TEST_F(SgxSelfTest, SealingKeysAreOfEverythingTheyAreSaidToBeOf) {
  const std::string by_signer = key(example());
  EXPECT_EQ(by_signer.size(), 64u);
  EXPECT_EQ(key(example()), by_signer);
  const std::string others[] = {key(example(), SealPolicy::kImage), key(example(), SealPolicy::kSigner, "lapel"),
                                key(example().set_svn(4)),          key(example().set_svn(2)),
                                key(example().set_product(8)),      key(example().set_signer(0x52)),
                                key(example().set_debug())};
  for (const std::string& other : others) EXPECT_NE(other, by_signer);
  EXPECT_EQ(std::set<std::string>(std::begin(others), std::end(others)).size(), std::size(others));
  // Another image of the signer's has the signer's key and not the image's.
  EXPECT_EQ(key(example().set_enclave(0xe2)), by_signer);
  EXPECT_NE(key(example().set_enclave(0xe2), SealPolicy::kImage), others[0]);
  EXPECT_NE(key(example().set_debug(), SealPolicy::kImage), others[0]);
  EXPECT_NE(key(example(), SealPolicy::kImage, "lapel"), others[0]);
  // Another machine has another.
  machine_ = QuotingMachine();
  EXPECT_NE(key(example()), by_signer);
}

TEST_F(SgxSelfTest, NewerVersionsReadWhatOlderOnesSealed) {
  const std::string third = key(example());
  EXPECT_EQ(key(example().set_svn(4), SealPolicy::kSigner, "label", 3), third);
  EXPECT_EQ(key(example().set_svn(65535), SealPolicy::kSigner, "label", 3), third);
  EXPECT_NE(key(example(), SealPolicy::kSigner, "label", 2), third);
  EXPECT_EQ(key(example(), SealPolicy::kSigner, "label", 2), key(example().set_svn(2)));
  const Pair older(machine_.fuses, example().set_svn(2), Handlers{});
  const auto refused = older.self->sealing_key(SealPolicy::kSigner, "label", 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
  EXPECT_FALSE(older.processor.last_request);
}

// What a next version may change without losing what was sealed: features of the processor that it uses.
TEST_F(SgxSelfTest, SealingKeysOutliveNewFeatures) {
  Example next = example();
  next.secs.attributes.xfrm = 7;
  next.secs.misc_select = 1;
  next.secs.attributes.flags |= SgxAttributes::kProvisionKey;
  EXPECT_EQ(key(next), key(example()));
}

// CPUSVN zero: no update of microcode, and no way back, changes a key (docs/decisions/010-sgx-sealing-keys.md).
TEST_F(SgxSelfTest, SealingKeysAreOfNoMicrocode) {
  const Pair pair(machine_.fuses, example(), Handlers{});
  ASSERT_TRUE(pair.self->sealing_key(SealPolicy::kSigner, "label"));
  ASSERT_TRUE(pair.processor.last_request);
  EXPECT_EQ(pair.processor.last_request->cpu_svn, sgx::Id128{});
  EXPECT_EQ(pair.processor.last_request->attribute_mask.flags, SgxAttributes::kInit | SgxAttributes::kDebug);
}

TEST_F(SgxSelfTest, KeySeparationSeparates) {
  Example separated = example();
  separated.secs.attributes.flags |= SgxAttributes::kKss;
  const std::string plain = key(separated), image = key(separated, SealPolicy::kImage);
  EXPECT_NE(plain, key(example()));
  const auto differs = [&](auto&& change) {
    Example other = separated;
    change(other.secs);
    EXPECT_NE(key(other), plain);
    EXPECT_NE(key(other, SealPolicy::kImage), image);
  };
  differs([](sgx::Secs& secs) { secs.family_id[0] = std::byte{1}; });
  differs([](sgx::Secs& secs) { secs.extended_product_id[0] = std::byte{1}; });
  differs([](sgx::Secs& secs) { secs.config_id[0] = std::byte{1}; });
  differs([](sgx::Secs& secs) { secs.config_svn = 1; });
}

TEST_F(SgxSelfTest, AsksForNothingImpossible) {
  const Pair pair(machine_.fuses, example(), Handlers{});
  for (const std::size_t length : {std::size_t{0}, std::size_t{65}}) {
    EXPECT_EQ(pair.self->sealing_key(SealPolicy::kImage, std::string(length, 'l')).error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(pair.self->sealing_key(SealPolicy{3}, "label").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(pair.self->evidence(Bytes(65)).error().code, ErrorCode::kInvalid);
}

TEST_F(SgxSelfTest, WhatTheProcessorRefusesIsSaidInWords) {
  using sgx::Code;
  for (const Code code : {Code::kInvalidAttribute, Code::kInvalidCpuSvn, Code::kInvalidIsvSvn}) {
    EXPECT_EQ(key_refusal(code).code, ErrorCode::kDenied);
    EXPECT_NE(key_refusal(code).message.find(sgx::name_of(code)), std::string::npos);
  }
  EXPECT_EQ(key_refusal(Code::kInvalidKeyName).code, ErrorCode::kInternal);
  EXPECT_EQ(key_refusal(Code{77}).code, ErrorCode::kInternal);
}

TEST_F(SgxSelfTest, KnowsItselfWhateverTheHostSays) {
  BootInfo boot = boot_of(example());
  const Pair pair(machine_.fuses, example(), Handlers{}, boot);
  ASSERT_TRUE(pair.connected) << pair.connected.error().message;
  for (const Identity* identity : {&pair.self->identity(), &pair.connected->identity}) {
    EXPECT_EQ(identity->name, "vault");
    EXPECT_EQ(identity->product, 7);
    EXPECT_EQ(identity->svn, 3);
    EXPECT_FALSE(identity->debug);
    EXPECT_EQ(identity->image, example().image);
    // MRSIGNER and zeros, not what the boot information has.
    EXPECT_EQ(to_hex(identity->signer), to_hex(Bytes(32, std::byte{0x51})) + std::string(32, '0'));
  }
  EXPECT_EQ(pair.self->backend(), "sgx-emulated");
}

TEST_F(SgxSelfTest, AHostThatSaysSomethingElseGetsNoEnclave) {
  const auto refusal = [&](auto&& change) {
    BootInfo boot = boot_of(example());
    change(boot);
    const Pair pair(machine_.fuses, example(), Handlers{}, boot);
    return pair.connected ? "connected" : pair.connected.error().message;
  };
  EXPECT_EQ(refusal([](BootInfo&) {}), "connected");
  for (const char* name : {"process", "vm", "s", "xsgx"}) {
    EXPECT_NE(refusal([&](BootInfo& boot) { boot.backend = name; }).find("SGX"), std::string::npos) << name;
  }
  EXPECT_NE(refusal([](BootInfo& boot) { boot.image[0] ^= std::byte{1}; }).find("another"), std::string::npos);
  const auto other_manifest = [&](BootInfo& boot) {
    Example other = example();
    other.manifest.calls = {};
    other.manifest.threads = 2;
    boot.manifest = encode_manifest(other.manifest);
  };
  EXPECT_NE(refusal(other_manifest).find("another"), std::string::npos);
  EXPECT_NE(refusal([](BootInfo& boot) { boot.manifest.push_back(std::byte{0}); }).find("another"), std::string::npos);
  EXPECT_NE(refusal([](BootInfo& boot) { boot.manifest.pop_back(); }).find("another"), std::string::npos);
}

TEST_F(SgxSelfTest, AnEnclaveThatWasSignedAsSomethingElseIsNone) {
  const auto refusal = [&](auto&& change) {
    Example other = example();
    change(other);
    const auto measured = other.measured(EmulatedInstructions(machine_.fuses, other.secs));
    return measured ? "measured" : measured.error().message;
  };
  EXPECT_EQ(refusal([](Example&) {}), "measured");
  EXPECT_NE(refusal([](Example& one) { one.secs.product = 8; }).find("product"), std::string::npos);
  EXPECT_NE(refusal([](Example& one) { one.secs.svn = 9; }).find("svn"), std::string::npos);
  EXPECT_NE(refusal([](Example& one) { one.secs.attributes.flags |= SgxAttributes::kDebug; }).find("debug"),
            std::string::npos);
  EXPECT_NE(refusal([](Example& one) { one.manifest.debug = true; }).find("production"), std::string::npos);
}

TEST_F(SgxSelfTest, EvidenceIsAQuoteOfTheReportDataThatIsGenuine) {
  Pair pair(machine_.fuses, example(), sgx_builtin_handlers(nullptr, machine_.quoting));
  const auto quote = pair.self->evidence(as_bytes("data"));
  ASSERT_TRUE(quote) << quote.error().message;
  const Verified verified = machine_.verify(*quote);
  EXPECT_EQ(verified.answer(), Answer::kGenuine);
  EXPECT_EQ(verified.claims().tcb_status, TcbStatus::kUpToDate);
  Bytes data = to_bytes(as_bytes("data"));
  data.resize(64);
  EXPECT_EQ(verified.claims().report_data, data);
  EXPECT_EQ(to_hex(verified.claims().measurement), to_hex(example().secs.mr_enclave));
  EXPECT_EQ(to_hex(verified.claims().signer), to_hex(example().secs.mr_signer));
}

TEST_F(SgxSelfTest, WithoutAQuotingEnclaveThereIsNoEvidence) {
  const Pair pair(machine_.fuses, example(), sgx_builtin_handlers(nullptr, nullptr));
  EXPECT_EQ(pair.self->evidence({}).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(pair.self->sealing_key(SealPolicy::kImage, "label"));
}

// A host that answers `target` and `quote`.
Handlers answering(Bytes target, std::function<Bytes(BytesView)> quote) {
  return Handlers(
      builtin::quote_target, [target] { return target; }, builtin::quote,
      [quote = std::move(quote)](BytesView report) { return quote(report); });
}

TEST_F(SgxSelfTest, BelievesNoWrongTarget) {
  const Bytes good = machine_.quoting->target_info().value();
  const auto code = [&](const Bytes& target) {
    bool asked = false;
    const Pair pair(machine_.fuses, example(), answering(target, [&](BytesView) { return asked = true, Bytes(); }));
    const auto quote = pair.self->evidence({});
    EXPECT_FALSE(quote);
    EXPECT_FALSE(asked);  // no report was made
    return quote.error().code;
  };
  for (const std::size_t size : {0, 1, 128, 511, 513, 1 << 20}) {
    Bytes wrong = good;
    wrong.resize(size);
    EXPECT_EQ(code(wrong), ErrorCode::kInvalid) << size;
  }
  for (const std::size_t reserved : {48, 56, 128, 511}) {
    Bytes wrong = good;
    wrong[reserved] = std::byte{1};
    EXPECT_EQ(code(wrong), ErrorCode::kInvalid) << reserved;
  }
}

TEST_F(SgxSelfTest, BelievesNoWrongQuote) {
  const Bytes target = machine_.quoting->target_info().value();
  const auto answer = [&](std::function<Bytes(Bytes quote)> change) {
    const Pair pair(machine_.fuses, example(), answering(target, [&](BytesView report) {
                      return change(machine_.quoting->quote(report).value());
                    }));
    const auto quote = pair.self->evidence(as_bytes("data"));
    return quote ? ErrorCode{} : quote.error().code;
  };
  const auto genuine = [&](const Example& one, BytesView data) {
    return Pair(machine_.fuses, one, sgx_builtin_handlers(nullptr, machine_.quoting)).self->evidence(data).value();
  };
  EXPECT_EQ(answer([](Bytes quote) { return quote; }), ErrorCode{});
  // Another enclave's, another version's, and its own of other report data.
  EXPECT_EQ(answer([&](const Bytes&) { return genuine(example().set_enclave(9), as_bytes("data")); }),
            ErrorCode::kInvalid);
  EXPECT_EQ(answer([&](const Bytes&) { return genuine(example().set_svn(9), as_bytes("data")); }), ErrorCode::kInvalid);
  EXPECT_EQ(answer([&](const Bytes&) { return genuine(example(), as_bytes("date")); }), ErrorCode::kInvalid);
  // Every bit of the report, and every length.
  for (std::size_t i = 48; i < 432; i += 13) {
    EXPECT_EQ(answer([&](Bytes quote) { return quote[i] ^= std::byte{1}, quote; }), ErrorCode::kInvalid) << i;
  }
  std::size_t size = 0;
  for (const std::size_t step : {1, 47, 384, 4, 64, 64, 384, 64, 2, 32, 2, 4, 1}) {
    EXPECT_EQ(answer([&](Bytes quote) { return quote.resize(size), quote; }), ErrorCode::kInvalid) << size;
    size += step;
  }
  EXPECT_EQ(answer([](Bytes quote) { return quote.push_back(std::byte{0}), quote; }), ErrorCode::kInvalid);
  EXPECT_EQ(answer([](const Bytes&) { return Bytes((1 << 20) + 1); }), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace adyton
