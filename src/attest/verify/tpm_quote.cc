// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm_quote.h"

#include <algorithm>

#include "attest/verify/chain.h"
#include "attest/verify/event_log.h"
#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

bool same_key(const VerifyingKey& a, const VerifyingKey& b) { return std::ranges::equal(a.spki(), b.spki()); }

std::string fingerprint(const VerifyingKey& key) {
  return to_hex(hash(HashAlgorithm::kSha256, key.spki()).value_or(Bytes{}));
}

// TPM ECC numbers are as long as the curve's field, but leading zeros may be missing.
Bytes padded(BytesView number, std::size_t size) {
  while (!number.empty() && number.size() > size && number[0] == std::byte{0}) number = number.subspan(1);
  Bytes out(number.size() < size ? size - number.size() : 0);
  append(out, number);
  return out;
}

std::optional<std::size_t> order_bytes(KeyType type) {
  switch (type) {
    case KeyType::kP256: return 32;
    case KeyType::kP384: return 48;
    case KeyType::kP521: return 66;
    default: return std::nullopt;
  }
}

Result<SignatureAlgorithm> algorithm_of(const TpmSignature& signature) {
  using enum SignatureAlgorithm;
  struct Row {
    HashAlgorithm hash;
    SignatureAlgorithm ssa, pss, ecdsa;
  };
  static constexpr Row kRows[] = {{HashAlgorithm::kSha256, kRsaPkcs1Sha256, kRsaPssSha256, kEcdsaSha256},
                                  {HashAlgorithm::kSha384, kRsaPkcs1Sha384, kRsaPssSha384, kEcdsaSha384},
                                  {HashAlgorithm::kSha512, kRsaPkcs1Sha512, kRsaPssSha512, kEcdsaSha512}};
  for (const Row& row : kRows) {
    if (row.hash != signature.hash) continue;
    if (signature.scheme == TpmSignature::Scheme::kRsaSsa) return row.ssa;
    return signature.scheme == TpmSignature::Scheme::kRsaPss ? row.pss : row.ecdsa;
  }
  return untrusted("signatures with {} are not accepted", name_of(signature.hash));
}

Result<void> check_signature(const TpmQuote& quote, const VerifyingKey& key) {
  const auto algorithm = TRY(algorithm_of(quote.signature));
  if (quote.signature.scheme != TpmSignature::Scheme::kEcdsa) {
    return key.verify(algorithm, quote.attest.bytes, quote.signature.rsa);
  }
  const auto size = order_bytes(key.type());
  if (!size) return invalid("an ECDSA signature, but the key is {}", name_of(key.type()));
  Bytes raw = padded(quote.signature.r, *size);
  append(raw, padded(quote.signature.s, *size));
  return key.verify(algorithm, quote.attest.bytes, raw, EcdsaForm::kRaw);
}

// The attestation key: from the quote, or the only thing that can tell it.
std::optional<VerifyingKey> find_key(const TpmQuote& quote, const VerifyContext& context,
                                     const std::optional<TpmVoucher>& voucher, Findings& out) {
  std::optional<VerifyingKey> key = quote.ak_key;
  const auto agree = [&](const VerifyingKey& other, std::string_view where) {
    if (key && !same_key(*key, other)) out.fail("AK", fmt::format("the key {} is another one", where));
    if (!key) key = other;
  };
  if (quote.ak) {
    if (const auto area = key_of(*quote.ak)) {
      agree(*area, "in the public area");
    } else {
      out.fail("AK", area.error().message);
    }
  }
  if (!quote.certificates.empty()) agree(quote.certificates[0].key(), "in the certificate");
  if (voucher) agree(voucher->key, fmt::format("that {} names", voucher->by));
  if (key) return key;
  for (const TrustAnchors::Key& anchor : context.anchors.keys) {
    if (anchor.use == AnchorUse::kGoogleTpm && check_signature(quote, anchor.key)) return anchor.key;
  }
  for (const Collateral::NamedKey& given : context.collateral.keys()) {
    if (check_signature(quote, given.key)) return given.key;
  }
  return std::nullopt;
}

// Whether somebody who is believed says that this key is an attestation key of a TPM.
void check_trust(const TpmQuote& quote, const VerifyingKey& key, const VerifyContext& context,
                 const std::optional<TpmVoucher>& voucher, Findings& out) {
  if (voucher && same_key(voucher->key, key)) {
    out.pass("AK", fmt::format("{} names it", voucher->by));
    return;
  }
  if (context.anchors.has(AnchorUse::kGoogleTpm, key)) {
    out.pass("AK", "it is one of the keys that were given as trusted");
    return;
  }
  const Certificate* certificate = quote.certificates.empty() ? nullptr : &quote.certificates[0];
  for (const Certificate& given : context.collateral.certificates()) {
    if (!certificate && same_key(given.key(), key)) certificate = &given;
  }
  if (certificate) {
    const ChainRules rules{.use = AnchorUse::kGoogleTpm, .what = "AK chain", .roles = {}, .leaf_signs = true};
    if (verify_chain(*certificate, quote.certificates, rules, context, out)) out.pass("AK", "by its certificate");
    return;
  }
  out.miss(
      "AK",
      fmt::format("nobody vouches for the attestation key with the SHA-256 {}: give it as trusted, or its certificate",
                  fingerprint(key)));
}

void check_attributes(const TpmPublic& ak, Findings& out) {
  if (ak.restricted() && ak.signs() && ak.fixed_tpm()) {
    out.pass("AK attributes", "restricted, sign, fixedTPM");
  } else {
    out.fail(
        "AK attributes",
        fmt::format("the attributes {:#010x} lack one of restricted, sign and fixedTPM: such a key can be made to sign "
                    "what looks like a quote",
                    ak.attributes));
  }
}

const TpmPcrValues* bank_of(const TpmQuote& quote, HashAlgorithm bank) {
  const auto found = std::ranges::find(quote.pcrs, bank, &TpmPcrValues::bank);
  return found == quote.pcrs.end() ? nullptr : &*found;
}

// The selected values one after another, in the order of Part 1, 10.3 (selections as they stand, PCRs ascending);
// nothing if one was not given.
std::optional<Bytes> selected_values(const TpmQuote& quote) {
  Bytes out;
  for (const TpmPcrSelection& selection : quote.attest.selections) {
    const TpmPcrValues* bank = bank_of(quote, selection.bank);
    for (std::size_t i = 0; i < kTpmPcrs; ++i) {
      if (((selection.pcrs >> i) & 1) == 0) continue;
      if (!bank || !bank->values[i]) return std::nullopt;
      append(out, *bank->values[i]);
    }
  }
  return out;
}

std::uint32_t selected(const TpmQuote& quote, HashAlgorithm bank) {
  std::uint32_t out = 0;
  for (const TpmPcrSelection& selection : quote.attest.selections) {
    if (selection.bank == bank) out |= selection.pcrs;
  }
  return out;
}

// Returns whether the values are those that were quoted.
bool check_pcrs(const TpmQuote& quote, Findings& out) {
  const auto is_empty = [](const TpmPcrSelection& selection) { return selection.pcrs == 0; };
  if (std::ranges::all_of(quote.attest.selections, is_empty)) {
    out.note("PCR digest", "no PCR was quoted: nothing is known of what was booted");
    return false;
  }
  if (quote.pcrs.empty()) {
    out.note("PCR digest", "no PCR values were given to compare it with");
    return false;
  }
  const auto values = selected_values(quote);
  if (!values) {
    out.miss("PCR digest", "the value of a quoted PCR was not given");
    return false;
  }
  const auto digest = hash(quote.signature.hash, *values);
  if (!digest || *digest != quote.attest.pcr_digest) {
    out.fail("PCR digest", "the PCR values that were given are not those that were quoted");
    return false;
  }
  out.pass("PCR digest", "the PCR values are those that were quoted");
  return true;
}

void claim_pcrs(const TpmQuote& quote, Findings& out) {
  for (const TpmPcrValues& bank : quote.pcrs) {
    const std::uint32_t pcrs = selected(quote, bank.bank);
    for (std::size_t i = 0; i < kTpmPcrs; ++i) {
      if (((pcrs >> i) & 1) == 0 || !bank.values[i]) continue;
      if (i == 0 && out.claims.measurement.empty()) out.claims.measurement = *bank.values[i];
      out.claims.boot_chain.push_back({"PCR" + std::to_string(i), *bank.values[i]});
    }
  }
}

void check_log(const TpmQuote& quote, const EventLog& log, Findings& out) {
  for (const TpmPcrValues& bank : quote.pcrs) {
    std::vector<KnownRegister> registers;
    for (std::uint32_t i = 0; i < kTpmPcrs; ++i) {
      if (((selected(quote, bank.bank) >> i) & 1) != 0 && bank.values[i]) registers.push_back({i, *bank.values[i]});
    }
    if (!registers.empty()) verify_event_log(log, bank.bank, RegisterKind::kPcr, registers, out);
  }
}

void describe(const TpmQuote& quote, Findings& out) {
  const TpmAttest& attest = quote.attest;
  out.claims.platform = "tpm";
  out.claims.report_data = attest.extra_data;
  const auto field = [&](std::string_view name, std::string value) {
    out.fields.push_back({std::string(name), std::move(value)});
  };
  field("qualifiedSigner", to_hex(attest.qualified_signer));
  field("extraData", to_hex(attest.extra_data));
  field("clockInfo.clock", std::to_string(attest.clock));
  field("clockInfo.resetCount", std::to_string(attest.reset_count));
  field("clockInfo.restartCount", std::to_string(attest.restart_count));
  field("clockInfo.safe", attest.safe ? "true" : "false");
  field("firmwareVersion", fmt::format("{:016x}", attest.firmware_version));
  for (const TpmPcrSelection& selection : attest.selections) {
    field("pcrSelect", fmt::format("{}: {:06x}", name_of(selection.bank), selection.pcrs));
  }
  field("pcrDigest", to_hex(attest.pcr_digest));
  if (!attest.safe) out.note("clock", "the TPM's clock may have been set back (safe is false)");
}

}  // namespace

Result<VerifyingKey> key_of(const TpmPublic& area) {
  if (area.rsa) {
    Bytes exponent;
    append_be(exponent, area.exponent);
    return VerifyingKey::from_rsa(area.modulus, exponent);
  }
  const std::optional<KeyType> curve = area.curve == 3   ? std::optional(KeyType::kP256)
                                       : area.curve == 4 ? std::optional(KeyType::kP384)
                                       : area.curve == 5 ? std::optional(KeyType::kP521)
                                                         : std::nullopt;
  if (!curve) return invalid("the curve {:#06x} is not supported", area.curve);
  const std::size_t size = *order_bytes(*curve);
  return VerifyingKey::from_point(*curve, padded(area.x, size), padded(area.y, size));
}

Findings verify_tpm_quote(const TpmQuote& quote, const VerifyContext& context, const std::optional<TpmVoucher>& voucher,
                          const EventLog* log) {
  Findings out;
  describe(quote, out);
  const auto key = find_key(quote, context, voucher, out);
  if (!key) {
    out.miss("AK", "the attestation key was not given: its public area, public key or certificate is needed");
  } else {
    const auto good = check_signature(quote, *key);
    if (good) {
      out.pass("quote signature", "by the attestation key over the TPMS_ATTEST");
    } else {
      out.fail("quote signature", "the attestation key's over the TPMS_ATTEST: " + good.error().message);
    }
    check_trust(quote, *key, context, voucher, out);
  }
  if (quote.ak) check_attributes(*quote.ak, out);
  if (check_pcrs(quote, out)) {
    claim_pcrs(quote, out);
    if (log) check_log(quote, *log, out);
  } else if (log) {
    out.miss("event log", "without quoted PCR values nothing vouches for the event log");
  }
  return out;
}

}  // namespace adyton
