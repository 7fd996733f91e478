// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/csv.h"

#include "attest/verify/event_log.h"
#include "base/error.h"
#include "crypto/sm2.h"

namespace adyton {
namespace {

Result<void> check_report(const CsvEvidence& evidence) {
  const SevCertificate& pek = evidence.pek;
  if (pek.usage != SevUsage::kPek || pek.curve != 3) return invalid("the PEK's certificate is of another key");
  if (evidence.signer_usage != pek.usage || evidence.algorithm != SevAlgorithm::kSm2 ||
      pek.algorithm != SevAlgorithm::kSm2) {
    return untrusted("the report names another signer or algorithm than PEK and SM2");
  }
  const Bytes signature = TRY(sev_ecdsa_signature(evidence.signature(), 32));
  return verify_sm2(pek.x, pek.y, pek.user_id, evidence.signed_part(), signature);
}

void check_log(const CsvEvidence& evidence, Findings& out) {
  if (!evidence.log) return;
  if (evidence.rtmrs.size() < 5) {
    out.note("event log", "a report of version 1 has no registers: nothing vouches for the event log");
    return;
  }
  std::vector<KnownRegister> registers;  // register i of the log is RTMRi here, and the replay counts from 0
  for (std::uint32_t i = 1; i <= 4; ++i) registers.push_back({i - 1, evidence.rtmrs[i]});
  verify_event_log(*evidence.log, HashAlgorithm::kSm3, RegisterKind::kRtmr, registers, out);
}

}  // namespace

Findings verify_csv(const CsvEvidence& evidence, const VerifyContext&) {
  Findings out;
  out.claims.platform = "hygon-csv";
  out.claims.hardware_model = evidence.chip;
  out.claims.debug = (evidence.policy & 1) == 0;  // NODBG
  out.claims.measurement = evidence.measurement;
  out.claims.report_data = evidence.report_data;
  for (std::size_t i = 0; i < evidence.rtmrs.size(); ++i) {
    out.claims.boot_chain.push_back({"RTMR" + std::to_string(i), evidence.rtmrs[i]});
  }
  const auto field = [&](std::string_view name, std::string value) {
    out.fields.push_back({std::string(name), std::move(value)});
  };
  field("version", std::to_string(evidence.version));
  field("user_pubkey_digest", to_hex(evidence.user_key_digest));
  field("vm_id", to_hex(evidence.vm_id));
  field("vm_version", to_hex(evidence.vm_version));
  field("mnonce", to_hex(evidence.mnonce));
  field("policy", fmt::format("{:#010x}", evidence.policy));

  const auto good = check_report(evidence);
  if (good) {
    out.pass("report signature", "by the PEK, SM2 with SM3");
  } else {
    out.fail("report signature", "the PEK's over the report: " + good.error().message);
  }
  if (evidence.version == 1) {
    out.note("report fields",
             "all are xored with a number of the report (ANONCE) that the signature leaves out: whoever changes it "
             "changes them. Only the report data tell, if they are the nonce that was sent");
  }
  out.miss("PEK",
           fmt::format("it is signed by the chip's CEK, and that by Hygon's HSK and HRK, which are not verified here; "
                       "they are had from https://cert.hygon.cn/hsk_cek?snumber={}",
                       evidence.chip));
  check_log(evidence, out);
  return out;
}

}  // namespace adyton
