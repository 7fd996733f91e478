// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_evidence.h"

#include "attest/evidence/protobuf.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024, kMaxQuotes = 8, kMaxCertificates = 8;

Result<void> set_pcr(TpmPcrValues& out, std::uint64_t index, Bytes value) {
  if (index >= kTpmPcrs) return invalid("PCR {}", index);
  if (value.size() != size_of(out.bank))
    return invalid("PCR {} of {} has {} bytes", index, name_of(out.bank), value.size());
  if (out.values[index]) return invalid("PCR {} twice", index);
  out.values[index] = std::move(value);
  return {};
}

// --- go-tpm-tools: proto/attest.proto and proto/tpm.proto ---

// tpm.PCRs: 1 hash (a TPM_ALG_ID), 2 a map from index to value.
Result<TpmPcrValues> read_proto_pcrs(BytesView message) {
  TpmPcrValues out{.bank = HashAlgorithm::kSha1, .values = {}};
  std::vector<BytesView> entries;
  std::optional<HashAlgorithm> bank;
  for (ProtobufReader reader(message); !reader.at_end();) {
    const ProtobufField field = TRY(reader.next());
    if (field.number == 1 && field.value) bank = hash_of_tpm_algorithm(static_cast<std::uint16_t>(*field.value));
    if (field.number == 2) entries.push_back(field.bytes);
  }
  if (!bank) return invalid("PCRs of an unknown bank");
  out.bank = *bank;
  for (const BytesView entry : entries) {
    std::uint64_t index = 0;
    BytesView value;
    for (ProtobufReader reader(entry); !reader.at_end();) {
      const ProtobufField field = TRY(reader.next());
      if (field.number == 1 && field.value) index = *field.value;
      if (field.number == 2) value = field.bytes;
    }
    TRY(set_pcr(out, index, to_bytes(value)));
  }
  return out;
}

// tpm.Quote: 1 quote, 2 raw_sig, 3 pcrs.
Result<TpmQuote> read_proto_quote(BytesView message) {
  BytesView quote, signature, pcrs;
  for (ProtobufReader reader(message); !reader.at_end();) {
    const ProtobufField field = TRY(reader.next());
    if (field.number == 1) quote = field.bytes;
    if (field.number == 2) signature = field.bytes;
    if (field.number == 3) pcrs = field.bytes;
  }
  TpmQuote out;
  out.attest = TRY(parse_tpm_attest(quote));
  out.signature = TRY(parse_tpm_signature(signature));
  out.pcrs.push_back(TRY(read_proto_pcrs(pcrs)));
  return out;
}

// attest.Attestation: 1 ak_pub, 2 quotes, 3 event_log, 6 ak_cert, 7 intermediate_certs.
Result<TpmEvidence> parse_proto(BytesView message) {
  TpmEvidence out;
  std::optional<TpmPublic> ak;
  std::optional<Certificate> certificate;
  std::vector<Certificate> above;
  for (ProtobufReader reader(message); !reader.at_end();) {
    const ProtobufField field = TRY(reader.next());
    if (field.number == 1) ak = TRY(parse_tpm_public(field.bytes));
    if (field.number == 2) {
      if (out.quotes.size() == kMaxQuotes) return invalid("more than {} quotes", kMaxQuotes);
      out.quotes.push_back(TRY(read_proto_quote(field.bytes)));
    }
    if (field.number == 3 && !field.bytes.empty()) out.log = TRY(parse_event_log(field.bytes));
    if (field.number == 6 && !field.bytes.empty()) certificate = TRY(Certificate::parse(field.bytes));
    if (field.number == 7) {
      if (above.size() == kMaxCertificates) return invalid("more than {} certificates", kMaxCertificates);
      above.push_back(TRY(Certificate::parse(field.bytes)));
    }
  }
  for (TpmQuote& quote : out.quotes) {
    quote.ak = ak;
    if (!certificate) continue;
    quote.certificates.push_back(*certificate);
    quote.certificates.insert(quote.certificates.end(), above.begin(), above.end());
  }
  return out;
}

// --- JSON ---

Result<Bytes> base64_member(const Json& object, const char* name) {
  const std::string* text = find_string(object, name);
  if (!text) return invalid("\"{}\" is missing", name);
  return parse_base64(*text).within(name);
}

// go-attestation, attest.Dump: byte strings are base64, numbers of Go's crypto.Hash name the digests.
Result<TpmPcrValues> read_dumped_pcrs(const Json& list, HashAlgorithm bank) {
  TpmPcrValues out{.bank = bank, .values = {}};
  if (!list.is_array()) return invalid("\"PCRs\" is no array");
  for (const Json& entry : list) {
    const Json& index = member(entry, "Index");
    if (!index.is_number_unsigned()) return invalid("a PCR without index");
    TRY(set_pcr(out, index.get<std::uint64_t>(), TRY(base64_member(entry, "Digest"))));
  }
  return out;
}

Result<TpmEvidence> parse_dump(const Json& json) {
  const Json &ak = member(json, "AK"), &quote = member(json, "Quote"), &log = member(json, "Log");
  TpmQuote out;
  out.ak = TRY(parse_tpm_public(TRY(base64_member(ak, "Public"))));
  out.attest = TRY(parse_tpm_attest(TRY(base64_member(quote, "Quote"))));
  out.signature = TRY(parse_tpm_signature(TRY(base64_member(quote, "Signature"))));
  if (out.attest.selections.size() != 1) return invalid("{} banks in one quote", out.attest.selections.size());
  out.pcrs.push_back(TRY(read_dumped_pcrs(member(log, "PCRs"), out.attest.selections[0].bank)));
  TpmEvidence evidence;
  evidence.quotes.push_back(std::move(out));
  if (find_string(log, "Raw")) evidence.log = TRY(parse_event_log(TRY(base64_member(log, "Raw"))));
  return evidence;
}

// confidential-containers, attester "tpm": PCRs are the bank's from PCR 0 on, in hexadecimal.
Result<TpmEvidence> parse_attester(const Json& json) {
  const Json& quote = member(json, "tpm_quote");
  TpmQuote out;
  out.ak_key = TRY(VerifyingKey::parse_spki(TRY(base64_member(json, "ak_public"))).within("ak_public"));
  out.attest = TRY(parse_tpm_attest(TRY(base64_member(quote, "message"))));
  out.signature = TRY(parse_tpm_signature(TRY(base64_member(quote, "signature"))));
  if (out.attest.selections.size() != 1) return invalid("{} banks in one quote", out.attest.selections.size());
  TpmPcrValues pcrs{.bank = out.attest.selections[0].bank, .values = {}};
  const Json& list = member(quote, "pcrs");
  if (!list.is_array()) return invalid("\"pcrs\" is no array");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) return invalid("PCR {} is no text", i);
    TRY(set_pcr(pcrs, i, TRY(parse_hex(list[i].get_ref<const std::string&>()))));
  }
  out.pcrs.push_back(std::move(pcrs));
  TpmEvidence evidence;
  evidence.quotes.push_back(std::move(out));
  if (find_string(json, "event_log")) evidence.log = TRY(parse_event_log(TRY(base64_member(json, "event_log"))));
  return evidence;
}

bool looks_like_proto(BytesView bytes) {
  // ak_pub comes first: an RSA (1) or ECC (23h) TPMT_PUBLIC of 64 to 1023 bytes.
  ProtobufReader reader(bytes);
  const auto field = reader.next();
  return field && field->number == 1 && !field->value && parse_tpm_public(field->bytes).has_value();
}

Result<TpmEvidence> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("{} bytes are too many", bytes.size());
  TpmEvidence out;
  if (looks_like_proto(bytes)) {
    out = TRY(parse_proto(bytes));
  } else {
    const Json json = TRY(parse_json(as_text(bytes), {.bytes = kMaxBytes, .depth = 8}));
    out = find_member(json, "ak_public") ? TRY(parse_attester(json)) : TRY(parse_dump(json));
  }
  if (out.quotes.empty()) return invalid("there is no quote in it");
  return out;
}

}  // namespace

Result<TpmEvidence> parse_tpm_evidence(BytesView bytes) { return parse(bytes).within("not TPM evidence"); }

bool looks_like_tpm_evidence(BytesView bytes) {
  if (bytes.empty() || bytes.size() > kMaxBytes) return false;
  if (bytes[0] == std::byte{0x0a} && looks_like_proto(bytes)) return true;
  const std::string_view text = as_text(bytes);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') return false;
  return (text.contains("\"ak_public\"") && text.contains("\"tpm_quote\"")) ||
         (text.contains("\"AK\"") && text.contains("\"Quote\"") && text.contains("\"Static\""));
}

}  // namespace adyton
