// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp.h"

#include <algorithm>
#include <optional>

#include "attest/evidence/snp_certificates.h"
#include "attest/verify/chain.h"
#include "attest/verify/snp_fields.h"
#include "attest/verify/uvm_endorsement.h"
#include "base/error.h"
#include "base/zeros.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxAttempts = 8;  // certificates whose key is tried on one report

// A certificate that might be the one of the key that signed.
struct Candidate {
  const Certificate* certificate;
  SnpLeaf leaf;
  bool tcb_fits, chip_fits;
  [[nodiscard]] bool fits() const { return tcb_fits && chip_fits; }
};

// Whether the certificate is for the report's chip. Turin's hwID is the first 8 bytes of a chip id whose rest is zero.
bool chip_fits(const SnpReport& report, const SnpLeaf& leaf) {
  if (leaf.kind == SnpSigningKey::kVlek || report.chip_id_masked()) return true;
  const BytesView chip = report.chip_id();
  return std::ranges::equal(chip.first(leaf.hwid.size()), leaf.hwid) && all_zero(chip.subspan(leaf.hwid.size()));
}

std::vector<Candidate> find_candidates(const SnpEvidence& evidence, const VerifyContext& context) {
  std::vector<Candidate> out;
  const SnpReport& report = evidence.report;
  const auto consider = [&](const Certificate& certificate, bool given_with_it) {
    if (!is_snp_leaf(certificate)) return;
    auto leaf = parse_snp_leaf(certificate);
    if (!leaf || leaf->kind != report.signing_key) return;
    const bool tcb = leaf->tcb == report.reported_tcb, chip = chip_fits(report, *leaf);
    // The collateral may have the certificates of a thousand other chips.
    const bool same_chip = chip && leaf->kind == SnpSigningKey::kVcek && !report.chip_id_masked();
    if (given_with_it || same_chip || (tcb && chip)) out.push_back({&certificate, std::move(*leaf), tcb, chip});
  };
  for (const Certificate& certificate : evidence.certificates) consider(certificate, true);
  for (const Certificate& certificate : context.collateral.certificates()) consider(certificate, false);
  std::ranges::partition(out, [](const Candidate& candidate) { return candidate.fits(); });
  if (out.size() > kMaxAttempts) out.erase(out.begin() + kMaxAttempts, out.end());
  return out;
}

bool made_by(const Certificate& certificate, const SnpReport& report) {
  const auto signature = report.signature();
  // Each report is new: to remember its signature would only push certificates out of the memory.
  return certificate.key()
      .verify(SignatureAlgorithm::kEcdsaSha384, report.signed_part(), signature, EcdsaForm::kRaw)
      .has_value();
}

std::string_view role_of(SnpSigningKey kind) { return kind == SnpSigningKey::kVlek ? "VLEK" : "VCEK"; }

std::string chip_text(const SnpReport& report) {
  return report.chip_id_masked() ? "masked" : to_hex(report.chip_id().first(8)) + "...";
}

// What is missing when no certificate fits, and where it is to be had.
std::string missing_leaf(const SnpReport& report) {
  if (report.signing_key == SnpSigningKey::kVlek) {
    return fmt::format(
        "the VLEK certificate for TCB {:016x} was not given: whoever runs the platform has it, and hands it to the "
        "guest in "
        "the certificate table of an extended report",
        report.reported_tcb.raw);
  }
  if (report.chip_id_masked()) {
    return "the VCEK certificate was not given, and the host masked the chip id by which AMD would name it";
  }
  if (report.product() != SnpProduct::kUnknown) {
    return fmt::format("the VCEK certificate of chip {} was not given: {}", chip_text(report),
                       vcek_url(report, report.product()));
  }
  return fmt::format(
      "the VCEK certificate of chip {} was not given (a report of version {} does not name its product): {} or {}",
      chip_text(report), report.version, vcek_url(report, SnpProduct::kMilan), vcek_url(report, SnpProduct::kGenoa));
}

void check_leaf(const SnpReport& report, const Candidate& leaf, Findings& out) {
  if (leaf.tcb_fits) {
    out.pass("TCB", fmt::format("the {} is for the reported TCB {:016x}", role_of(leaf.leaf.kind), leaf.leaf.tcb.raw));
  } else {
    out.fail("TCB", fmt::format("the {} is for TCB {:016x}, the report says {:016x}", role_of(leaf.leaf.kind),
                                leaf.leaf.tcb.raw, report.reported_tcb.raw));
  }
  if (leaf.leaf.kind == SnpSigningKey::kVlek) {
    out.note("chip id", fmt::format("a VLEK is not bound to a chip: {} vouches for the platform", leaf.leaf.csp_id));
  } else if (report.chip_id_masked()) {
    out.note("chip id",
             "the host masked the chip id: it cannot be compared with the VCEK's hwID " + to_hex(leaf.leaf.hwid));
  } else if (leaf.chip_fits) {
    out.pass("chip id", "the VCEK's hwID is the report's chip id " + chip_text(report));
  } else {
    out.fail("chip id",
             fmt::format("the VCEK is of chip {}, the report of {}", to_hex(leaf.leaf.hwid), to_hex(report.chip_id())));
  }
}

// The product is named five times: in the report, in the leaf, and by the names of its issuers.
void check_product(const SnpReport& report, const SnpLeaf& leaf, Findings& out) {
  const std::string product(name_of(leaf.product));
  const auto expect = [&](std::string_view what, std::string_view found, std::string_view wanted) {
    if (found == wanted) return true;
    out.fail("product", fmt::format("the {} is for {}, but {} is {} instead of {}", role_of(leaf.kind), product, what,
                                    found, wanted));
    return false;
  };
  bool good = true;
  if (report.version >= 3) {
    if (report.product() == SnpProduct::kUnknown) {
      out.fail("product", fmt::format("family {:#x} and model {:#x} are of no processor known here",
                                      report.cpuid_family, report.cpuid_model));
      good = false;
    } else {
      good = expect("the processor by its CPUID", name_of(report.product()), product);
    }
  }
  const std::string signer = (leaf.kind == SnpSigningKey::kVlek ? "SEV-VLEK-" : "SEV-") + product;
  for (std::size_t i = 1; i < out.chain.size() && i < 3; ++i) {
    const std::string name = out.chain[i].certificate.subject().common_name().value_or("without a name");
    good &= expect(i == 1 ? "its issuer" : "the root", name, i == 1 ? signer : "ARK-" + product);
  }
  if (good) out.pass("product", leaf.product_name);
}

bool has_list_of(const Collateral& collateral, std::string_view issuer) {
  return std::ranges::any_of(collateral.lists(),
                             [&](const RevocationList& list) { return list.issuer().common_name() == issuer; });
}

bool has_issuer_of(const Certificate& leaf, const std::vector<Certificate>& certificates) {
  return std::ranges::any_of(certificates, [&](const Certificate& c) { return c.subject() == leaf.issuer(); });
}

void check_chain(const SnpEvidence& evidence, const Candidate& leaf, const VerifyContext& context, Findings& out) {
  const bool vlek = leaf.leaf.kind == SnpSigningKey::kVlek;
  const ChainRules rules{.use = AnchorUse::kAmd,
                         .what = vlek ? "VLEK chain" : "VCEK chain",
                         .roles = vlek ? std::vector<std::string_view>{"VLEK", "ASVK", "ARK"}
                                       : std::vector<std::string_view>{"VCEK", "ASK", "ARK"},
                         .leaf_signs = true};
  verify_chain(*leaf.certificate, evidence.certificates, rules, context, out);
  if (!has_issuer_of(*leaf.certificate, evidence.certificates) &&
      !has_issuer_of(*leaf.certificate, context.collateral.certificates())) {
    out.miss(rules.what, fmt::format("AMD gives the certificates above it at {}",
                                     snp_chain_url(leaf.leaf.kind, leaf.leaf.product)));
  }
  const std::string root = "ARK-" + std::string(name_of(leaf.leaf.product));
  if (!has_list_of(context.collateral, root)) {
    out.note("revocation list",
             fmt::format("the list of {} was not given: {}", root, snp_list_url(leaf.leaf.kind, leaf.leaf.product)));
  }
}

// Returns the product: a report of version 2 does not name it, but its signer's certificate does.
SnpProduct check_signature(const SnpEvidence& evidence, const VerifyContext& context, Findings& out) {
  const SnpReport& report = evidence.report;
  if (report.signing_key == SnpSigningKey::kNone) {
    out.fail("report signature", "the report is not signed: the host disabled both signing keys (SIGNING_KEY is 7)");
    return report.product();
  }
  const std::vector<Candidate> candidates = find_candidates(evidence, context);
  const auto signer = std::ranges::find_if(
      candidates, [&](const Candidate& candidate) { return made_by(*candidate.certificate, report); });
  if (signer == candidates.end()) {
    const auto fitting = std::ranges::find_if(candidates, &Candidate::fits);
    if (fitting == candidates.end()) {
      out.miss("signing key", missing_leaf(report));
    } else {
      out.fail("report signature",
               fmt::format("it is not by the key of the {} for chip {} and TCB {:016x} over the report",
                           role_of(report.signing_key), chip_text(report), report.reported_tcb.raw));
      check_chain(evidence, *fitting, context, out);
    }
    return report.product();
  }
  out.claims.hardware_model = signer->leaf.product_name;
  out.pass("report signature", fmt::format("by the {}'s key, ECDSA P-384 with SHA-384", role_of(signer->leaf.kind)));
  check_chain(evidence, *signer, context, out);
  check_leaf(report, *signer, out);
  check_product(report, signer->leaf, out);
  return report.version >= 3 ? report.product() : signer->leaf.product;
}

// What the firmware says of itself besides: nothing here is wrong, all of it is for a policy to judge.
void note_state(const SnpReport& report, Findings& out) {
  if (report.policy.debug()) out.note("policy", "the host may debug the guest: nothing in it is confidential");
  if (report.policy.migration_agent()) {
    out.note("policy", "a migration agent may be associated, whose REPORT_ID is " + to_hex(report.report_id_ma()));
  }
  if (report.vmpl == 0xffffffff) out.note("VMPL", "the host asked for this report, not the guest");
  if (report.reported_tcb == report.committed_tcb && report.committed_tcb == report.current_tcb) {
    out.note("TCB", "reported, committed and current TCB are the same");
  } else {
    out.note("TCB", fmt::format("reported {:016x}, committed {:016x}, current {:016x}, at launch {:016x}",
                                report.reported_tcb.raw, report.committed_tcb.raw, report.current_tcb.raw,
                                report.launch_tcb.raw));
  }
}

void check_request(const SnpEvidence& evidence, Findings& out) {
  const SnpEvidence::Request& request = *evidence.request;
  const auto signature = request.key.verify(request.algorithm, request.signed_part, request.signature);
  if (signature) {
    out.pass("request signature", "the certificate request is signed by the key it is for");
  } else {
    out.fail("request signature", "the certificate request: " + signature.error().message);
  }
  // Enarx: REPORT_DATA is SHA-384 of the SubjectPublicKeyInfo, then zeros.
  const Digest384 digest = sha384(request.key.spki());
  const BytesView data = evidence.report.report_data();
  if (std::ranges::equal(data.first(digest.size()), digest) && all_zero(data.subspan(digest.size()))) {
    out.pass("request key", "the report vouches for the key of the certificate request");
  } else {
    out.fail("request key", "REPORT_DATA is not the SHA-384 of the public key in the certificate request");
  }
}

// Endorsements of the guest that were given as collateral: Azure's of its utility VMs, if one is for this measurement.
void check_endorsements(const SnpReport& report, const VerifyContext& context, Findings& out) {
  for (const Collateral::Document& document : context.collateral.documents()) {
    if (!looks_like_uvm_endorsement(document.bytes)) continue;
    const auto endorsement = parse_uvm_endorsement(document.bytes);
    if (!endorsement || !std::ranges::equal(endorsement->launch_measurement, report.measurement())) continue;
    verify_uvm_endorsement(*endorsement, report, context, out);
    return;
  }
}

// The context with the lists that came along beside those that were given.
struct WithLists {
  WithLists(const SnpEvidence& evidence, const VerifyContext& context) {
    for (const Certificate& certificate : context.collateral.certificates()) all.add(certificate);
    for (const RevocationList& list : context.collateral.lists()) all.add(list);
    for (const RevocationList& list : evidence.lists) all.add(list);
  }
  Collateral all;
};

}  // namespace

Findings verify_snp(const SnpEvidence& evidence, const VerifyContext& context) {
  Findings out;
  if (evidence.lists.empty()) {
    describe_snp_report(evidence.report, check_signature(evidence, context, out), out);
  } else {
    const WithLists lists(evidence, context);
    const VerifyContext with{lists.all, context.anchors, context.now, context.seen};
    describe_snp_report(evidence.report, check_signature(evidence, with, out), out);
  }
  note_state(evidence.report, out);
  if (evidence.request) check_request(evidence, out);
  check_endorsements(evidence.report, context, out);
  return out;
}

std::string vcek_url(const SnpReport& report, SnpProduct product) {
  if (report.chip_id_masked()) return {};
  const bool turin = product == SnpProduct::kTurin;
  const SnpTcbParts tcb = report.reported_tcb.parts(product);
  const std::string chip = to_hex(turin ? report.chip_id().first(8) : report.chip_id());
  const std::string fmc = turin ? fmt::format("fmcSPL={:02}&", tcb.fmc) : std::string();
  return fmt::format("https://kdsintf.amd.com/vcek/v1/{}/{}?{}blSPL={:02}&teeSPL={:02}&snpSPL={:02}&ucodeSPL={:02}",
                     name_of(product), chip, fmc, tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode);
}

std::string snp_chain_url(SnpSigningKey kind, SnpProduct product) {
  return fmt::format("https://kdsintf.amd.com/{}/v1/{}/cert_chain", kind == SnpSigningKey::kVlek ? "vlek" : "vcek",
                     name_of(product));
}

std::string snp_list_url(SnpSigningKey kind, SnpProduct product) {
  return fmt::format("https://kdsintf.amd.com/{}/v1/{}/crl", kind == SnpSigningKey::kVlek ? "vlek" : "vcek",
                     name_of(product));
}

}  // namespace adyton
