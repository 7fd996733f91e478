// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/intel_tcb.h"

#include <algorithm>
#include <limits>

#include "attest/json.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kMostLevels = 512, kMostAdvisories = 256, kMostModules = 64;

Result<const json*> member(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end()) return invalid("\"{}\" is missing", key);
  return &*found;
}

Result<std::string_view> text(const json& object, const char* key) {
  const json& value = *TRY(member(object, key));
  if (!value.is_string()) return invalid("\"{}\" is no text", key);
  return std::string_view(value.get_ref<const std::string&>());
}

template <class T>
Result<T> number(const json& object, const char* key) {
  const json& value = *TRY(member(object, key));
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
    return invalid("\"{}\" is no number in range", key);
  }
  return static_cast<T>(value.get<std::uint64_t>());
}

template <std::size_t kSize>
Result<std::array<std::byte, kSize>> hex(const json& object, const char* key) {
  const Bytes bytes = TRY(parse_hex(TRY(text(object, key))).within(key));
  std::array<std::byte, kSize> out;
  if (bytes.size() != kSize) return invalid("\"{}\" has {} bytes instead of {}", key, bytes.size(), kSize);
  std::ranges::copy(bytes, out.begin());
  return out;
}

Result<const json*> array(const json& object, const char* key, std::size_t least, std::size_t most) {
  const json& value = *TRY(member(object, key));
  if (!value.is_array() || value.size() < least || value.size() > most) {
    return invalid("\"{}\" is no list of {} to {} entries", key, least, most);
  }
  return &value;
}

// "2025-06-04T09:51:38Z": always UTC and to the second.
Result<std::int64_t> date(const json& object, const char* key) {
  constexpr std::size_t kSize = 20;
  const std::string_view value = TRY(text(object, key));
  const auto seconds = parse_utc(value);
  if (!seconds || value.size() != kSize || !value.ends_with('Z')) return invalid("\"{}\" is no date", key);
  return *seconds;
}

// One that Intel gives: the others are a verifier's conclusions.
Result<TcbStatus> status(const json& level) {
  const auto status = parse_tcb_status(TRY(text(level, "tcbStatus")));
  if (!status || *status > TcbStatus::kRevoked) return invalid("an unknown status of a TCB level");
  return *status;
}

Result<std::vector<std::string>> advisories(const json& level) {
  std::vector<std::string> out;
  if (!level.contains("advisoryIDs")) return out;
  for (const json& entry : *TRY(array(level, "advisoryIDs", 0, kMostAdvisories))) {
    if (!entry.is_string()) return invalid("an advisory that is no text");
    out.push_back(entry.get<std::string>());
  }
  return out;
}

Result<IsvLevel> isv_level(const json& level) {
  IsvLevel out;
  out.isv_svn = TRY(number<std::uint16_t>(*TRY(member(level, "tcb")), "isvsvn"));
  out.date = TRY(date(level, "tcbDate"));
  out.status = TRY(status(level));
  if (out.status != TcbStatus::kUpToDate && out.status != TcbStatus::kOutOfDate && out.status != TcbStatus::kRevoked) {
    return invalid("the status {} of an enclave", name_of(out.status));
  }
  out.advisories = TRY(advisories(level));
  return out;
}

Result<std::vector<IsvLevel>> isv_levels(const json& object) {
  std::vector<IsvLevel> out;
  for (const json& level : *TRY(array(object, "tcbLevels", 1, kMostLevels))) out.push_back(TRY(isv_level(level)));
  // The first level that fits counts, so an unordered list would be ambiguous.
  if (!std::ranges::is_sorted(out, std::ranges::greater{}, &IsvLevel::isv_svn)) {
    return invalid("its levels are not in descending order");
  }
  return out;
}

// Version 3: sixteen {"svn": n, ...}.
Result<Svns> components(const json& tcb, const char* key) {
  Svns out{};
  const json& list = *TRY(array(tcb, key, out.size(), out.size()));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = TRY(number<std::uint8_t>(list[i], "svn"));
  return out;
}

// Version 2: sixteen keys sgxtcbcomp01svn to sgxtcbcomp16svn.
Result<Svns> numbered_components(const json& tcb) {
  Svns out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = TRY(number<std::uint8_t>(tcb, fmt::format("sgxtcbcomp{:02}svn", i + 1).c_str()));
  }
  return out;
}

Result<TcbLevel> tcb_level(const json& level, const TcbInfo& info) {
  TcbLevel out;
  const json& tcb = *TRY(member(level, "tcb"));
  out.sgx = info.version == 2 ? TRY(numbered_components(tcb)) : TRY(components(tcb, "sgxtcbcomponents"));
  if (info.tdx) out.tdx = TRY(components(tcb, "tdxtcbcomponents"));
  out.pce_svn = TRY(number<std::uint16_t>(tcb, "pcesvn"));
  out.date = TRY(date(level, "tcbDate"));
  out.status = TRY(status(level));
  out.advisories = TRY(advisories(level));
  return out;
}

Result<TdxModule> tdx_module(const json& object) {
  TdxModule out;
  out.mr_signer = TRY(hex<48>(object, "mrsigner"));
  out.attributes = TRY(hex<8>(object, "attributes"));
  out.attributes_mask = TRY(hex<8>(object, "attributesMask"));
  return out;
}

Result<TdxModule> tdx_module_version(const json& object) {
  TdxModule out = TRY(tdx_module(object));
  const std::string_view id = TRY(text(object, "id"));  // "TDX_" and the version in hexadecimal
  if (id.size() != 6 || !id.starts_with("TDX_")) return invalid("a TDX module identity of another name");
  out.version = std::to_integer<std::uint8_t>(TRY(parse_hex(id.substr(4))).front());
  out.levels = TRY(isv_levels(object));
  return out;
}

Result<void> tdx_parts(const json& object, TcbInfo& out) {
  out.module = TRY(tdx_module(*TRY(member(object, "tdxModule"))));
  if (!object.contains("tdxModuleIdentities")) return {};
  for (const json& entry : *TRY(array(object, "tdxModuleIdentities", 0, kMostModules))) {
    out.module_versions.push_back(TRY(tdx_module_version(entry)));
  }
  return {};
}

// `object` is what `signed_json` says.
Result<void> begin(std::string_view name, const json& object, std::string_view signed_json, BytesView signature,
                   IntelSigned& out) {
  if (signed_json.size() > kMostBytes) return invalid("{} bytes; {} are the most", signed_json.size(), kMostBytes);
  if (!object.is_object()) return invalid("not a JSON object");
  if (signature.size() != SignedDocument::kSignatureBytes) {
    return invalid("a signature of {} bytes", signature.size());
  }
  out.name = name;
  out.document = SignedDocument(to_bytes(as_bytes(signed_json)), to_bytes(signature));
  out.version = TRY(number<unsigned>(object, "version"));
  out.issue_date = TRY(date(object, "issueDate"));
  out.next_update = TRY(date(object, "nextUpdate"));
  out.evaluation_number = TRY(number<std::uint64_t>(object, "tcbEvaluationDataNumber"));
  return {};
}

Result<TcbInfo> tcb_info(std::string_view name, const json& object, std::string_view signed_json, BytesView signature) {
  TcbInfo out;
  TRY(begin(name, object, signed_json, signature, out));
  if (out.version != 2 && out.version != 3) return invalid("version {}: 2 and 3 are known", out.version);
  if (out.version == 3) {  // version 2 has no "id": it is always SGX's
    const std::string_view id = TRY(text(object, "id"));
    if (id != "SGX" && id != "TDX") return invalid("it is for neither SGX nor TDX");
    out.tdx = id == "TDX";
  }
  const auto type = TRY(number<unsigned>(object, "tcbType"));
  if (type != 0) return invalid("TCB type {}: only 0 is known", type);
  out.fmspc = TRY(hex<6>(object, "fmspc"));
  out.pce_id = TRY(hex<2>(object, "pceId"));
  if (out.tdx) TRY(tdx_parts(object, out));
  for (const json& level : *TRY(array(object, "tcbLevels", 1, kMostLevels))) {
    out.levels.push_back(TRY(tcb_level(level, out)));
  }
  return out;
}

Result<EnclaveIdentity> enclave_identity(std::string_view name, const json& object, std::string_view signed_json,
                                         BytesView signature) {
  EnclaveIdentity out;
  TRY(begin(name, object, signed_json, signature, out));
  if (out.version != 2) return invalid("version {}: only 2 is known", out.version);
  const std::string_view id = TRY(text(object, "id"));
  const EnclaveId known[] = {EnclaveId::kQe, EnclaveId::kTdQe, EnclaveId::kQve, EnclaveId::kQae};
  const auto* const found = std::ranges::find(known, id, [](EnclaveId value) { return name_of(value); });
  if (found == std::end(known)) return invalid("an enclave of another name");
  out.id = *found;
  out.misc_select = TRY(hex<4>(object, "miscselect"));
  out.misc_select_mask = TRY(hex<4>(object, "miscselectMask"));
  out.attributes = TRY(hex<16>(object, "attributes"));
  out.attributes_mask = TRY(hex<16>(object, "attributesMask"));
  out.mr_signer = TRY(hex<32>(object, "mrsigner"));
  out.isv_product_id = TRY(number<std::uint16_t>(object, "isvprodid"));
  out.levels = TRY(isv_levels(object));
  return out;
}

}  // namespace

SignedDocument::Parts::Parts(Bytes bytes_, Bytes signature_)
    : bytes(std::move(bytes_)),
      signature(std::move(signature_)),
      message(SignatureAlgorithm::kEcdsaSha256, bytes, signature, EcdsaForm::kRaw) {}

SignedDocument::SignedDocument(Bytes bytes, Bytes signature)
    : parts_(std::make_shared<const Parts>(std::move(bytes), std::move(signature))) {}

BytesView SignedDocument::bytes() const { return parts_ ? BytesView(parts_->bytes) : BytesView(); }

Result<void> SignedDocument::verify(const VerifyingKey& key, SeenSignatures* seen) const {
  if (!parts_) return untrusted("it is not signed");
  return key.verify(parts_->message, seen);
}

std::string_view name_of(EnclaveId id) {
  switch (id) {
    case EnclaveId::kQe: return "QE";
    case EnclaveId::kTdQe: return "TD_QE";
    case EnclaveId::kQve: return "QVE";
    case EnclaveId::kQae: return "QAE";
  }
  return "unknown";
}

Result<TcbInfo> parse_tcb_info(std::string_view name, const json& object, std::string_view signed_json,
                               BytesView signature) {
  return tcb_info(name, object, signed_json, signature).within("a TCB info");
}

Result<EnclaveIdentity> parse_enclave_identity(std::string_view name, const json& object, std::string_view signed_json,
                                               BytesView signature) {
  return enclave_identity(name, object, signed_json, signature).within("an enclave identity");
}

}  // namespace adyton
