// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/token_claims.h"

#include <charconv>

#include "attest/verify/jwt.h"
#include "base/error.h"

namespace adyton {
namespace {

// Typed looks at claims: one that is there in another form than its service gives it is a failed check.
class ClaimReader {
 public:
  ClaimReader(const Json& claims, Findings& findings) : claims_(&claims), findings_(findings) {}

  // The first of the names that the token has: services have renamed claims over time.
  const Json* any(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      name_ = name;
      if (const Json* value = find(claims_, name)) return value;
    }
    return nullptr;
  }
  Bytes hex(std::initializer_list<std::string_view> names) {
    const Json* value = any(names);
    if (!value) return {};
    const auto text = text_of(value);
    auto bytes = text ? parse_hex(*text) : Result<Bytes>(invalid("not text"));
    if (!bytes) return wrong("hexadecimal"), Bytes();
    return *std::move(bytes);
  }
  std::optional<bool> boolean(std::initializer_list<std::string_view> names) {
    const Json* value = any(names);
    const auto out = boolean_of(value);
    if (value && !out) wrong("true or false");
    return out;
  }
  std::optional<std::uint64_t> number(std::initializer_list<std::string_view> names) {
    const Json* value = any(names);
    const auto out = integer_of(value);
    if (value && (!out || *out < 0)) return wrong("a number"), std::nullopt;
    return out;
  }
  std::string text(std::initializer_list<std::string_view> names) {
    const Json* value = any(names);
    const auto out = text_of(value);
    if (value && !out) wrong("text");
    return std::string(out.value_or(""));
  }

 private:
  void wrong(std::string_view wanted) {
    findings_.fail(kTokenClaims, fmt::format("the claim {} is not {}", name_, wanted));
  }
  const Json* claims_;
  Findings& findings_;
  std::string_view name_;
};

// RFC 9711, 4.2.9 (dbgstat).
std::optional<bool> debug_of(std::string_view status) {
  if (status.empty()) return {};
  return !status.starts_with("disabled");
}

TcbStatus tcb_status_of(std::string_view text) {
  if (text.empty()) return TcbStatus::kNone;
  for (const TcbStatus status : {TcbStatus::kUpToDate, TcbStatus::kSwHardeningNeeded, TcbStatus::kConfigurationNeeded,
                                 TcbStatus::kConfigurationAndSwHardeningNeeded, TcbStatus::kOutOfDate,
                                 TcbStatus::kOutOfDateConfigurationNeeded, TcbStatus::kRevoked}) {
    if (name_of(status) == text) return status;
  }
  return TcbStatus::kUnknown;
}

void read_sgx(ClaimReader& reader, Claims& claims) {
  claims.platform = "sgx";
  claims.debug = reader.boolean({"x-ms-sgx-is-debuggable", "is-debuggable"});
  claims.measurement = reader.hex({"x-ms-sgx-mrenclave", "sgx-mrenclave"});
  claims.signer = reader.hex({"x-ms-sgx-mrsigner", "sgx-mrsigner"});
  claims.product = reader.number({"x-ms-sgx-product-id", "product-id"});
  claims.svn = reader.number({"x-ms-sgx-svn", "svn"});
  claims.report_data = reader.hex({"x-ms-sgx-report-data"});
  claims.host_data = reader.hex({"x-ms-sgx-config-id"});
}

void read_snp(ClaimReader& reader, Claims& claims) {
  claims.platform = "sev-snp";
  claims.debug = reader.boolean({"x-ms-sevsnpvm-is-debuggable"});
  claims.measurement = reader.hex({"x-ms-sevsnpvm-launchmeasurement"});
  claims.signer = reader.hex({"x-ms-sevsnpvm-idkeydigest"});
  claims.svn = reader.number({"x-ms-sevsnpvm-guestsvn"});
  claims.report_data = reader.hex({"x-ms-sevsnpvm-reportdata"});
  claims.host_data = reader.hex({"x-ms-sevsnpvm-hostdata"});
}

void read_tdx(ClaimReader& reader, Claims& claims) {
  claims.platform = "tdx";
  claims.debug = reader.boolean({"tdx_td_attributes_debug"});
  claims.measurement = reader.hex({"tdx_mrtd"});
  claims.report_data = reader.hex({"tdx_report_data"});
  claims.host_data = reader.hex({"tdx_mrconfigid"});
  claims.tcb_status = tcb_status_of(reader.text({"attester_tcb_status"}));
  for (const auto& [claim, name] :
       {std::pair{"tdx_rtmr0", "RTMR0"}, {"tdx_rtmr1", "RTMR1"}, {"tdx_rtmr2", "RTMR2"}, {"tdx_rtmr3", "RTMR3"}}) {
    if (Bytes value = reader.hex({claim}); !value.empty()) claims.boot_chain.push_back({name, std::move(value)});
  }
}

// "sha256:<hex>".
Bytes image_digest(std::string_view text) {
  if (!text.starts_with("sha256:")) return {};
  auto digest = parse_hex(text.substr(7));
  return digest && digest->size() == 32 ? *std::move(digest) : Bytes();
}

}  // namespace

void read_microsoft_claims(const Json& claims, Findings& findings) {
  add_json_fields(claims, {}, findings);
  // A confidential VM ("azurevm") carries what was found out about its isolation in an object within.
  const Json* isolation = find(&claims, "x-ms-isolation-tee");
  ClaimReader reader(isolation && isolation->is_object() ? *isolation : claims, findings);
  const std::string type = reader.text({"x-ms-attestation-type", "tee"});
  if (type == "sgx") {
    read_sgx(reader, findings.claims);
  } else if (type == "sevsnpvm") {
    read_snp(reader, findings.claims);
  } else if (type == "tdxvm") {
    read_tdx(reader, findings.claims);
  } else {
    findings.claims.platform = type;
    findings.note(kTokenClaims,
                  fmt::format("what is attested is of the type \"{}\", whose claims are only listed", type));
  }
}

void read_google_claims(const Json& claims, Findings& findings) {
  add_json_fields(claims, {}, findings);
  ClaimReader reader(claims, findings);
  Claims& out = findings.claims;
  out.hardware_model = reader.text({"hwmodel"});
  out.platform = out.hardware_model == "GCP_INTEL_TDX"     ? "tdx"
                 : out.hardware_model == "GCP_AMD_SEV_SNP" ? "sev-snp"
                 : out.hardware_model == "GCP_AMD_SEV_ES"  ? "sev-es"
                 : out.hardware_model == "GCP_AMD_SEV"     ? "sev"
                                                           : "google-vm";
  out.debug = debug_of(reader.text({"dbgstat"}));
  const Json* container = find(find(&claims, "submods"), "container");
  out.measurement = image_digest(text_of(find(container, "image_digest")).value_or(""));
  if (Bytes id = image_digest(text_of(find(container, "image_id")).value_or("")); !id.empty()) {
    out.boot_chain.push_back({"container image ID", std::move(id)});
  }
  out.tcb_status = tcb_status_of(text_of(find(find(&claims, "tdx"), "gcp_attester_tcb_status")).value_or(""));
  // One nonce is text, several are a list (RFC 9711, 4.1); the first is what is compared.
  const Json* nonce = find(&claims, "eat_nonce");
  if (nonce && nonce->is_array() && !nonce->empty()) nonce = &(*nonce)[0];
  out.report_data = to_bytes(text_of(nonce).value_or(""));
  const Json* version = find(&claims, "swversion");
  if (version && version->is_array() && !version->empty()) version = &(*version)[0];
  const std::string_view digits = text_of(version).value_or("");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!digits.empty() && error == std::errc() && end == digits.data() + digits.size()) out.svn = number;
}

void read_nvidia_device_claims(const Json& claims, Findings& findings) {
  add_json_fields(claims, {}, findings);
  ClaimReader reader(claims, findings);
  Claims& out = findings.claims;
  const bool is_switch =
      find(&claims, "x-nvidia-switch-arch-check") || text_of(find(&claims, "x-nvidia-device-type")) == "nvswitch";
  out.platform = is_switch ? "nvidia-switch" : "nvidia-gpu";
  out.hardware_model = reader.text({"hwmodel"});
  out.debug = find(&claims, "dbgstat") ? debug_of(text_of(find(&claims, "dbgstat")).value_or("")) : std::nullopt;
  out.report_data = reader.hex({"eat_nonce"});
}

}  // namespace adyton
