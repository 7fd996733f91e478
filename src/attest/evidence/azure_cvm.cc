// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/azure_cvm.h"

#include "attest/json.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxBytes = 256 * 1024;

enum class TextForm : std::uint8_t { kHex, kBase64Url };

Result<Bytes> read_bytes(const Json& value, TextForm form) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (form == TextForm::kHex) return parse_hex(text);
    return parse_base64url(std::string_view(text).substr(0, text.find_last_not_of('=') + 1));  // some are padded
  }
  return bytes_of_array(value);
}

Result<Bytes> read_member(const Json& object, const char* name, TextForm form) {
  const Json* member = find_member(object, name);
  if (!member) return invalid("\"{}\" is missing", name);
  return read_bytes(*member, form).within(name);
}

Result<TpmPcrValues> read_pcrs(const Json& object) {
  const Json* list = find_member(object, "pcrs");
  if (!list || !list->is_array() || list->size() > kTpmPcrs) return invalid("\"pcrs\" is no list of at most 24 values");
  TpmPcrValues out{.bank = HashAlgorithm::kSha256, .values = {}};
  for (std::size_t i = 0; i < list->size(); ++i) {
    Bytes value = TRY(read_bytes((*list)[i], TextForm::kHex).within("pcrs"));
    if (value.size() != size_of(out.bank)) return invalid("PCR {} has {} bytes", i, value.size());
    out.values[i] = std::move(value);
  }
  return out;
}

Result<TpmQuote> read_quote(const Json& object) {
  TpmQuote out;
  out.attest = TRY(parse_tpm_attest(TRY(read_member(object, "message", TextForm::kHex))));
  out.signature.rsa = TRY(read_member(object, "signature", TextForm::kHex));
  out.pcrs.push_back(TRY(read_pcrs(object)));
  return out;
}

Result<void> read_vcek(const Json& value, AzureCvmEvidence& out) {
  if (value.is_null()) return {};
  if (value.is_string() && value.get_ref<const std::string&>().starts_with("-----BEGIN ")) {
    for (const PemBlock& block : TRY(parse_pem_blocks(value.get_ref<const std::string&>(), 8))) {
      if (block.label == "CERTIFICATE") out.certificates.push_back(TRY(Certificate::parse(block.der)));
    }
    return {};
  }
  out.certificates.push_back(TRY(Certificate::parse(TRY(read_bytes(value, TextForm::kBase64Url)))));
  return {};
}

const Json* either(const Json& object, const char* name, const char* other) {
  const Json* found = find_member(object, name);
  return found ? found : find_member(object, other);
}

Result<AzureCvmEvidence> parse_members(const Json& json) {
  const Json* inner = find_member(json, "evidence");
  const Json& evidence = inner ? *inner : json;
  const Json* report = either(evidence, "hcl_report", "report");
  const Json* quote = either(evidence, "tpm_quote", "quote");
  if (!report || !quote) return invalid("\"hcl_report\" or \"tpm_quote\" is missing");
  HclReport hcl = TRY(parse_hcl_report(TRY(read_bytes(*report, TextForm::kBase64Url).within("hcl_report"))));
  TpmQuote tpm_quote = TRY(read_quote(*quote).within("tpm_quote"));
  AzureCvmEvidence out{.hcl = std::move(hcl), .quote = std::move(tpm_quote), .certificates = {}, .td_quote = {}};
  if (const Json* vcek = find_member(evidence, "vcek")) TRY(read_vcek(*vcek, out).within("vcek"));
  if (const Json* td_quote = find_member(evidence, "td_quote")) {
    out.td_quote = TRY(read_bytes(*td_quote, TextForm::kBase64Url).within("td_quote"));
  }
  return out;
}

Result<AzureCvmEvidence> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("{} bytes are too many", bytes.size());
  if (looks_like_hcl_report(bytes)) {
    return AzureCvmEvidence{.hcl = TRY(parse_hcl_report(bytes)), .quote = {}, .certificates = {}, .td_quote = {}};
  }
  return parse_members(TRY(parse_json(as_text(bytes), {.bytes = kMaxBytes, .depth = 8})));
}

}  // namespace

Result<AzureCvmEvidence> parse_azure_cvm(BytesView bytes) {
  return parse(bytes).within("not evidence of an Azure confidential VM");
}

bool looks_like_azure_cvm(BytesView bytes) {
  if (looks_like_hcl_report(bytes)) return true;
  const std::string_view text = as_text(bytes);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (bytes.size() > kMaxBytes || start == std::string_view::npos || text[start] != '{') return false;
  if (text.contains("\"hcl_report\"")) return true;
  return text.contains("\"report\"") && text.contains("\"quote\"") && text.contains("\"pcrs\"");  // the first version
}

}  // namespace adyton
