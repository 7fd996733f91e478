// SPDX-License-Identifier: Apache-2.0
#include "cli/sgx_facts.h"

#include <algorithm>

#include "base/error.h"
#include "image/sgx/sgx_sign.h"

namespace adyton {
namespace {

std::uint64_t pages_of(const SgxPlan& plan) {
  std::uint64_t out = 0;
  for (const SgxPages& pages : plan.pages) out += pages.count;
  return out;
}

// Everything that it takes to do the same to the file's bytes (docs/formats/sgx.md).
nlohmann::ordered_json to_json(const CallSites& calls, CallKind kind) {
  nlohmann::ordered_json rewritten = nlohmann::ordered_json::array(), left = rewritten;
  for (const CallSite& site : calls.rewritten) {
    if (site.kind != kind) continue;
    nlohmann::ordered_json& entry = rewritten.emplace_back();
    entry[std::string(name_of(kind))] = site.call;
    entry["begin"] = site.begin;
    if (site.padding != 0) entry["padding"] = site.padding;
    if (!site.distances.empty()) entry["distances"] = site.distances;
  }
  for (const LeftCall& each : calls.left) {
    if (each.kind == kind) left.push_back(each.call);
  }
  return {{"rewritten", rewritten}, {"left", left}};
}

std::ptrdiff_t count_of(const auto& calls, CallKind kind) {
  return std::ranges::count_if(calls, [&](const auto& each) { return each.kind == kind; });
}

std::string date_text(std::uint32_t date) {
  return fmt::format("{:04x}-{:02x}-{:02x}", date >> 16, (date >> 8) & 0xff, date & 0xff);
}

}  // namespace

nlohmann::ordered_json SgxFacts::to_json() const {
  nlohmann::ordered_json out = {{"mrenclave", to_hex(measurement)},
                                {"size", plan.size},
                                {"pages", pages_of(plan)},
                                {"threads", plan.tcs_offsets.size()},
                                {"malloc_arenas", malloc_arenas},
                                {"attributes", fmt::format("{:016x}", plan.attributes.flags)},
                                {"xfrm", fmt::format("{:016x}", plan.attributes.xfrm)},
                                {"misc_select", fmt::format("{:08x}", plan.misc_select)},
                                {"family_id", to_hex(plan.family_id)},
                                {"extended_product_id", to_hex(plan.extended_product_id)},
                                {"syscalls", adyton::to_json(plan.calls, CallKind::kSyscall)},
                                {"cpuids", adyton::to_json(plan.calls, CallKind::kCpuid)}};
  if (sigstruct) {
    out["mrsigner"] = to_hex(sigstruct->signer);
    out["date"] = date_text(sigstruct->fields.date);
  }
  return out;
}

std::string SgxFacts::to_text() const {
  std::string out = fmt::format("SGX      MRENCLAVE {}\n", to_hex(measurement));
  out += sigstruct ? fmt::format("         MRSIGNER  {}   signature good, of {}\n", to_hex(sigstruct->signer),
                                 date_text(sigstruct->fields.date))
                   : "         not signed for SGX: adyton sign --sgx-key\n";
  out += fmt::format("         {} pages in {} MiB, {} threads, attributes {:#x}, XFRM {:#x}, MISCSELECT {:#x}\n",
                     pages_of(plan), plan.size >> 20, plan.tcs_offsets.size(), plan.attributes.flags,
                     plan.attributes.xfrm, plan.misc_select);
  if (malloc_arenas > 1) out += fmt::format("         {} arenas of malloc\n", malloc_arenas);
  for (const auto& [kind, name] :
       {std::pair(CallKind::kSyscall, "system calls"), std::pair(CallKind::kCpuid, "cpuid instructions")}) {
    out += fmt::format("         {} {} lead straight into the keep kernel, {} trap\n",
                       count_of(plan.calls.rewritten, kind), name, count_of(plan.calls.left, kind));
  }
  if ((plan.attributes.flags & SgxAttributes::kKss) != 0) {
    out += fmt::format("         family {}, extended product {}\n", to_hex(plan.family_id),
                       to_hex(plan.extended_product_id));
  }
  return out;
}

Result<std::optional<SgxFacts>> sgx_facts(const Image& image, BytesView keep) {
  const bool own = keep.empty() || std::ranges::equal(keep, image.keep());
  if (own) keep = image.keep();
  if (keep.empty()) return std::nullopt;
  SgxFacts out{.malloc_arenas = image.manifest().sgx.malloc_arenas};
  if (own && !image.sigstruct().empty()) {
    SignedSgxPlan enclave = TRY(verify_sgx_signature(image));
    out.plan = std::move(enclave.plan);
    out.measurement = enclave.sigstruct.fields.measurement;
    out.sigstruct = std::move(enclave.sigstruct);
  } else {
    out.plan = TRY(make_sgx_plan(image, keep));
    out.measurement = measure_sgx_plan(out.plan);
  }
  return out;
}

}  // namespace adyton
