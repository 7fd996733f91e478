// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/report_parts.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "base/zeros.h"

namespace adyton {
namespace {

// The well-formed character that `text` begins with; empty if it begins with none.
std::string_view first_character(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return text.substr(0, size);
  }
  return {};
}

bool in_range(std::string_view character, std::string_view first, std::string_view last) {
  return character.size() == first.size() && character >= first && character <= last;
}

bool misleads(std::string_view character) {
  return (character.size() == 1 && (static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f)) ||
         in_range(character, "\xc2\x80", "\xc2\x9f") ||          // C1 controls
         in_range(character, "\xe2\x80\x8b", "\xe2\x80\x8f") ||  // invisible, and marks of direction
         in_range(character, "\xe2\x80\xa8", "\xe2\x80\xae") ||  // separators of lines, embeddings
         in_range(character, "\xe2\x81\xa0", "\xe2\x81\xaf") ||  // isolates
         character == "\xef\xbb\xbf";                            // byte order mark
}

struct Words {
  std::string_view platform, text, measurement, signer, report_data, host_data;
};

constexpr Words kWords[] = {
    {"sgx", "Intel SGX enclave", "MRENCLAVE", "MRSIGNER", "REPORTDATA", "CONFIGID"},
    {"tdx", "Intel TDX virtual machine", "MRTD", "MROWNER", "REPORTDATA", "MRCONFIGID"},
    {"sev-snp", "AMD SEV-SNP virtual machine", "launch digest", "ID key", "REPORT_DATA", "HOST_DATA"},
    {"sev", "AMD SEV virtual machine", "launch digest", "", "", ""},
    {"nitro", "AWS Nitro enclave", "PCR0", "PCR8", "", ""},
    {"tpm", "computer with a TPM", "", "", "nonce", ""},
    {"arm-cca", "Arm CCA realm", "RIM", "", "challenge", "RPV"},
    {"psa", "Arm PSA device", "", "", "nonce", ""},
    {"nvidia-gpu", "NVIDIA GPU", "", "", "nonce", ""},
    {"ear", "another verifier's result (EAR)", "", "", "nonce", ""},
    {"nvidia-switch", "NVIDIA NVSwitch", "", "", "nonce", ""},
    {"nitro-tpm", "AWS instance with NitroTPM", "PCR0", "PCR8", "", ""},
    {"huawei-virtcca", "Huawei virtCCA virtual machine", "RIM", "", "challenge", "RPV"},
    {"hygon-csv", "Hygon CSV virtual machine", "launch digest", "", "", ""},
    {"ibm-se", "IBM Secure Execution guest", "", "", "", ""},
    {"adyton-development", "development root: no hardware vouches for it", "", "", "nonce", ""},
};

Words words_of(std::string_view platform) {
  const auto* found = std::ranges::find(kWords, platform, &Words::platform);
  return found == std::end(kWords) ? Words{} : *found;
}

// "measurement (MRENCLAVE)"
std::string label(std::string_view common, std::string_view vendor) {
  return vendor.empty() ? std::string(common) : fmt::format("{} ({})", common, vendor);
}

void collect(const Findings& findings, const std::string& part, Outcome outcome, std::vector<FoundCheck>& out) {
  for (const Check& check : findings.checks) {
    if (check.outcome == outcome) out.push_back({part, &check});
  }
  for (const auto& [name, inner] : findings.parts) collect(inner, part + name + "/", outcome, out);
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    if (character == "\n" || character == "\t") {
      out += ' ';
    } else if (character.empty() || misleads(character)) {
      out += '?';
    } else {
      out += character;
    }
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  return out;
}

std::string_view platform_text(std::string_view platform) { return words_of(platform).text; }

std::string_view explain(TcbStatus status) {
  switch (status) {
    case TcbStatus::kNone: return "";
    case TcbStatus::kUpToDate: return "the vendor knows of nothing that has to be updated";
    case TcbStatus::kSwHardeningNeeded: return "up to date; the program itself has to guard against known attacks";
    case TcbStatus::kConfigurationNeeded: return "up to date, but the platform's settings (BIOS) leave an attack open";
    case TcbStatus::kConfigurationAndSwHardeningNeeded:
      return "up to date, but settings (BIOS) and the program have to guard against known attacks";
    case TcbStatus::kOutOfDate: return "updates of firmware or microcode are missing: known attacks may work";
    case TcbStatus::kOutOfDateConfigurationNeeded:
      return "updates are missing and the settings (BIOS) leave attacks open";
    case TcbStatus::kRevoked: return "the vendor has withdrawn its trust";
    case TcbStatus::kNotSupported: return "the vendor's list has no level as low as this platform's";
    case TcbStatus::kUnknown: return "cannot be told without what is missing";
  }
  return "";
}

std::string bytes_text(BytesView bytes) {
  constexpr std::size_t kLeast = 16;
  if (bytes.size() >= kLeast && all_zero(bytes)) return fmt::format("zero ({} bytes)", bytes.size());
  return to_hex(bytes);
}

std::vector<Row> identity_rows(const Claims& claims) {
  std::vector<Row> out;
  const Words words = words_of(claims.platform);
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) out.push_back({std::move(name), std::move(value)});
  };
  add("platform", words.text.empty() ? claims.platform : fmt::format("{} ({})", words.text, claims.platform));
  add("model", claims.hardware_model);
  add(label("measurement", words.measurement), bytes_text(claims.measurement));
  add(label("signer", words.signer), bytes_text(claims.signer));
  if (claims.product) add("product", std::to_string(*claims.product));
  if (claims.svn) add("version (svn)", std::to_string(*claims.svn));
  if (claims.debug) add("debug", *claims.debug ? "YES: its memory can be read from outside" : "no");
  add(label("report data", words.report_data), bytes_text(claims.report_data));
  add(label("host data", words.host_data), bytes_text(claims.host_data));
  return out;
}

std::vector<Row> register_rows(const Claims& claims) {
  std::vector<Row> out;
  const std::vector<Claims::Register>& all = claims.boot_chain;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    const bool zero = !all[i].value.empty() && all_zero(all[i].value);
    while (zero && end < all.size() && all[end].value.size() == all[i].value.size() && all_zero(all[end].value)) ++end;
    const std::string& first = all[i].name;
    out.push_back({end - i > 1 ? fmt::format("{} to {}", first, all[end - 1].name) : first, bytes_text(all[i].value)});
    i = end;
  }
  return out;
}

std::vector<Row> freshness_rows(const Findings& findings) {
  std::vector<Row> out;
  const Claims& claims = findings.claims;
  if (claims.tcb_status == TcbStatus::kNone) return out;
  out.push_back({"TCB status", fmt::format("{}: {}", name_of(claims.tcb_status), explain(claims.tcb_status))});
  for (const auto& [name, field] : {std::pair("platform", "platform TCB status"),
                                    {"quoting enclave", "QE TCB status"},
                                    {"TDX module", "TDX module TCB status"},
                                    {"TCB level of", "TCB level date"}}) {
    const std::string_view value = field_of(findings, field);
    if (!value.empty()) out.push_back({name, std::string(value)});
  }
  if (!claims.advisories.empty())
    out.push_back({"open advisories", fmt::format("{}", fmt::join(claims.advisories, ", "))});
  return out;
}

std::vector<std::span<const ChainLink>> chains_of(std::span<const ChainLink> links) {
  std::vector<std::span<const ChainLink>> out;
  for (std::size_t begin = 0; begin < links.size();) {
    std::size_t end = begin + 1;
    while (end < links.size() && !links[end - 1].anchor &&
           links[end].certificate.subject() == links[end - 1].certificate.issuer()) {
      ++end;
    }
    out.push_back(links.subspan(begin, end - begin));
    begin = end;
  }
  return out;
}

std::vector<FoundCheck> problems_of(const Findings& findings) {
  std::vector<FoundCheck> out;
  for (const Outcome outcome : {Outcome::kFailed, Outcome::kMissing, Outcome::kOutOfTime}) {
    collect(findings, "", outcome, out);
  }
  return out;
}

std::string_view field_of(const Findings& findings, std::string_view name) {
  const auto found = std::ranges::find(findings.fields, name, &Field::name);
  return found == findings.fields.end() ? std::string_view() : found->value;
}

}  // namespace adyton
