// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro.h"

#include <gtest/gtest.h>

#include "testing/fake_nitro.h"

namespace adyton {
namespace {

using testing::fake_sign1;
using testing::FakeNitro;
using testing::FakeNitroFields;

const FakeNitro& sample() {
  static const FakeNitro nitro;
  return nitro;
}

// A document of the fields, signed or not as it may.
Result<NitroDocument> parse_with(void (*change)(FakeNitroFields&)) {
  FakeNitroFields fields = sample().fields;
  change(fields);
  return parse_nitro(fake_sign1(fields.payload(), sample().key(), {.tagged = false}));
}

TEST(NitroDocument, IsReadWithAndWithoutTagAndCount) {
  FakeNitro nitro;
  nitro.fields.user_data = to_bytes("user");
  nitro.fields.nonce = Bytes();
  for (bool tagged : {false, true}) {
    for (bool indefinite : {false, true}) {
      nitro.fields.indefinite = indefinite;
      const Bytes encoded = nitro.document({.tagged = tagged});
      EXPECT_TRUE(looks_like_nitro(encoded));
      const Result<NitroDocument> document = parse_nitro(encoded);
      ASSERT_TRUE(document) << document.error().message;
      EXPECT_EQ(document->encoded, encoded);
      EXPECT_EQ(document->module_id, nitro.fields.module_id);
      EXPECT_EQ(document->timestamp_ms, nitro.fields.timestamp_ms);
      ASSERT_EQ(document->registers.size(), nitro.fields.registers.size());
      EXPECT_EQ(*document->find_register(4), nitro.fields.registers.at(4));
      EXPECT_EQ(document->find_register(5), nullptr);
      EXPECT_EQ(document->certificate, nitro.fields.certificate);
      EXPECT_EQ(document->bundle, nitro.fields.bundle);
      EXPECT_EQ(document->user_data, to_bytes("user"));
      EXPECT_EQ(document->nonce, Bytes());
      EXPECT_FALSE(document->public_key);
      EXPECT_FALSE(document->tpm);
    }
  }
}

TEST(NitroDocument, EveryTruncationAndAddedByteIsRefused) {
  for (bool tagged : {false, true}) {
    const Bytes encoded = sample().document({.tagged = tagged});
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      EXPECT_FALSE(parse_nitro(BytesView(encoded).first(size))) << size;
    }
    Bytes longer = encoded;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(parse_nitro(longer));
  }
  // Of the payload as well.
  for (bool indefinite : {false, true}) {
    FakeNitroFields fields = sample().fields;
    fields.indefinite = indefinite;
    const Bytes payload = fields.payload();
    for (std::size_t size = 0; size < payload.size(); size += 3) {
      CoseSign1 message = *parse_cose_sign1(sample().document());
      message.payload = to_bytes(BytesView(payload).first(size));
      EXPECT_FALSE(parse_nitro(encode_cose_sign1(message))) << size;
    }
  }
}

TEST(NitroDocument, EachFieldHasItsLimits) {
  for (const char* name : {"module_id", "timestamp", "digest", "pcrs", "certificate", "cabundle"}) {
    FakeNitroFields fields = sample().fields;
    fields.left_out = name;
    const auto document = parse_nitro(fake_sign1(fields.payload(), sample().key()));
    ASSERT_FALSE(document) << name;
    EXPECT_NE(document.error().message.find(std::string(name) + " is missing"), std::string::npos);
  }
  using F = FakeNitroFields;
  EXPECT_FALSE(parse_with([](F& f) { f.module_id = ""; }));
  EXPECT_FALSE(parse_with([](F& f) { f.timestamp_ms = 0; }));
  EXPECT_FALSE(parse_with([](F& f) { f.timestamp_ms = std::uint64_t{1} << 63; }));
  EXPECT_FALSE(parse_with([](F& f) { f.digest = "SHA256"; }));
  EXPECT_FALSE(parse_with([](F& f) { f.registers.clear(); }));
  EXPECT_FALSE(parse_with([](F& f) { f.registers[32] = Bytes(48); }));
  EXPECT_FALSE(parse_with([](F& f) { f.registers[-1] = Bytes(48); }));
  EXPECT_TRUE(parse_with([](F& f) { f.registers[31] = Bytes(64); }));
  EXPECT_FALSE(parse_with([](F& f) { f.registers[5] = Bytes(47); }));
  EXPECT_FALSE(parse_with([](F& f) { f.registers[5] = Bytes(); }));
  EXPECT_FALSE(parse_with([](F& f) { f.certificate.clear(); }));
  EXPECT_FALSE(parse_with([](F& f) { f.certificate.resize(1025); }));
  EXPECT_FALSE(parse_with([](F& f) { f.bundle.clear(); }));
  EXPECT_FALSE(parse_with([](F& f) { f.bundle.resize(9, Bytes(1)); }));
  EXPECT_FALSE(parse_with([](F& f) { f.bundle.push_back({}); }));
  EXPECT_FALSE(parse_with([](F& f) { f.bundle.push_back(Bytes(1025)); }));
  EXPECT_FALSE(parse_with([](F& f) { f.public_key = Bytes(); }));
  EXPECT_FALSE(parse_with([](F& f) { f.public_key = Bytes(1025); }));
  EXPECT_FALSE(parse_with([](F& f) { f.user_data = Bytes(1025); }));
  EXPECT_FALSE(parse_with([](F& f) { f.nonce = Bytes(1025); }));
  EXPECT_TRUE(parse_with([](F& f) { f.public_key = f.user_data = f.nonce = Bytes(1024); }));
  for (const char* name : {"public_key", "user_data", "nonce"}) {
    FakeNitroFields fields = sample().fields;
    fields.left_out = name;
    EXPECT_TRUE(parse_nitro(fake_sign1(fields.payload(), sample().key()))) << name;
  }
}

TEST(NitroDocument, KeepsNamesOfWhatItDoesNotKnow) {
  const auto document = parse_with([](FakeNitroFields& f) { f.extra = "new_field"; });
  ASSERT_TRUE(document);
  EXPECT_EQ(document->unknown_fields, std::vector<std::string>{"\"new_field\""});
}

TEST(NitroDocument, OfATpmHasOtherRegisters) {
  const auto document = parse_with([](FakeNitroFields& f) { f.registers_name = "nitrotpm_pcrs"; });
  ASSERT_TRUE(document);
  EXPECT_TRUE(document->tpm);
  EXPECT_EQ(document->registers.size(), sample().fields.registers.size());
}

TEST(NitroDocument, EnvelopeIsAsAwsMakesIt) {
  const Bytes payload = sample().fields.payload();
  EXPECT_FALSE(parse_nitro(fake_sign1(payload, sample().key(), {.algorithm = -7})));
  EXPECT_FALSE(parse_nitro(fake_sign1(payload, testing::fake_key(KeyType::kP256))));
  CoseSign1 message = *parse_cose_sign1(sample().document());
  const CoseSign1 good = message;
  message.signature.pop_back();
  EXPECT_FALSE(parse_nitro(encode_cose_sign1(message)));
  message = good;
  cbor::MapWriter headers;
  headers.key(kCoseKeyId).bytes(to_bytes("x"));
  message.unprotected_headers = cbor::Writer().map(headers).encoded();
  EXPECT_FALSE(parse_nitro(encode_cose_sign1(message)));
  message = good;
  message.payload.reset();
  EXPECT_FALSE(parse_nitro(encode_cose_sign1(message)));
  EXPECT_FALSE(parse_nitro(Bytes(65537, std::byte{0x84})));
}

TEST(NitroDocument, LooksLikeNothingElse) {
  EXPECT_FALSE(looks_like_nitro({}));
  EXPECT_FALSE(looks_like_nitro(to_bytes("module_id cabundle")));
  EXPECT_FALSE(looks_like_nitro(fake_sign1(to_bytes("text"), sample().key())));
}

}  // namespace
}  // namespace adyton
