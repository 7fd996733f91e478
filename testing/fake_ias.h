// SPDX-License-Identifier: Apache-2.0
// Reports of Intel's Attestation Service for tests, and the EPID quotes in them.
#pragma once

#include <cstdint>
#include <string>

#include <adyton/bytes.h>
#include "base/base64.h"
#include "base/cursor.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

struct FakeEpidQuote {
  std::uint16_t version = 2, signature_type = 1;
  bool debug = false;
  std::size_t signature_bytes = 680;

  // The part before the signature: 432 bytes.
  [[nodiscard]] Bytes body() const {
    Bytes out(432);
    store_le(out, 0, version);
    store_le(out, 2, signature_type);
    store_le(out, 4, std::uint32_t{0x00000cac});
    store_le(out, 8, std::uint16_t{14});
    store_le(out, 10, std::uint16_t{15});
    for (std::size_t i = 0; i < 16; ++i) out[48 + i] = std::byte{0x11};        // CPUSVN
    store_le(out, 48 + 48, std::uint64_t{debug ? 7U : 5U});                    // ATTRIBUTES.FLAGS
    for (std::size_t i = 0; i < 32; ++i) out[48 + 64 + i] = std::byte{0x22};   // MRENCLAVE
    for (std::size_t i = 0; i < 32; ++i) out[48 + 128 + i] = std::byte{0x33};  // MRSIGNER
    store_le(out, 48 + 256, std::uint16_t{7});                                 // ISVPRODID
    store_le(out, 48 + 258, std::uint16_t{3});                                 // ISVSVN
    for (std::size_t i = 0; i < 64; ++i) out[48 + 320 + i] = std::byte{0x44};  // REPORTDATA
    return out;
  }
  [[nodiscard]] Bytes quote() const {
    Bytes out = body();
    append_le(out, static_cast<std::uint32_t>(signature_bytes));
    out.resize(out.size() + signature_bytes, std::byte{0x55});
    return out;
  }
};

struct FakeIas {
  std::string status = "OK";
  std::string timestamp = "2025-06-15T10:00:00.123456";
  std::string more;  // further members: "\"nonce\":\"n\","
  FakeEpidQuote quote;
  FakeCa root = FakeCa::root("CN=Intel SGX Attestation Report Signing CA,O=Intel Corporation", {.key = KeyType::kRsa});
  FakeIdentity signer = root.issue("CN=Intel SGX Attestation Report Signing,O=Intel Corporation",
                                   {.key = KeyType::kRsa, .key_slot = 1, .key_usage = {0, 1}});

  [[nodiscard]] std::string body() const {
    return "{\"id\":\"1234\",\"timestamp\":\"" + timestamp + "\",\"version\":4," + more +
           "\"isvEnclaveQuoteStatus\":\"" + status + "\",\"isvEnclaveQuoteBody\":\"" + to_base64(quote.body()) + "\"}";
  }
  [[nodiscard]] std::string signature_of(std::string_view text) const {
    return to_base64(signer.key.sign(SignatureAlgorithm::kRsaPkcs1Sha256, as_bytes(text)).value());
  }
  [[nodiscard]] std::string chain_pem() const {
    return to_pem("CERTIFICATE", signer.certificate.der()) + to_pem("CERTIFICATE", root.certificate().der());
  }
  // As the service's header has it.
  [[nodiscard]] std::string url_encoded_chain() const {
    std::string out;
    for (char c : chain_pem()) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
      out += plain ? std::string(1, c) : "%" + to_hex(as_bytes(std::string_view(&c, 1)));
    }
    return out;
  }
};

}  // namespace adyton::testing
