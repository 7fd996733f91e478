// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/processor.h"

#include <bit>

#include "base/error.h"

namespace adyton::sgx {
namespace {

constexpr std::uint32_t kFeatures = 7, kSgx = 0x12, kFirstSection = 2, kMostSections = 32;
constexpr std::uint32_t kSectionOfMemory = 1;

constexpr std::uint64_t joined(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }
constexpr bool bit(std::uint32_t word, unsigned number) { return (word >> number & 1) != 0; }

}  // namespace

ProcessorSupport read_processor_support(Kernel& kernel) {
  ProcessorSupport out;
  const std::uint32_t last_leaf = kernel.cpuid(0, 0).eax;
  if (last_leaf < kFeatures) return out;
  const CpuidRegisters features = kernel.cpuid(kFeatures, 0);
  out.sgx = bit(features.ebx, 2);
  out.launch_control = bit(features.ecx, 30);
  if (!out.sgx || last_leaf < kSgx) return out;

  const CpuidRegisters abilities = kernel.cpuid(kSgx, 0);
  out.sgx1 = bit(abilities.eax, 0);
  out.sgx2 = bit(abilities.eax, 1);
  out.misc_select = abilities.ebx;
  const unsigned largest = abilities.edx >> 8 & 0xff;  // MaxEnclaveSize_64: a power of two
  out.largest_bytes = largest < 64 ? std::uint64_t{1} << largest : 0;
  const CpuidRegisters attributes = kernel.cpuid(kSgx, 1);
  out.attributes = joined(attributes.eax, attributes.ebx);
  out.xfrm = joined(attributes.ecx, attributes.edx);
  for (std::uint32_t section = 0; section < kMostSections; ++section) {
    const CpuidRegisters memory = kernel.cpuid(kSgx, kFirstSection + section);
    if ((memory.eax & 0xf) != kSectionOfMemory) break;
    out.memory_bytes += (memory.ecx & 0xffff'f000u) + (std::uint64_t{memory.edx & 0xf'ffffu} << 32);
  }
  return out;
}

Result<void> check_plan_runs(const ProcessorSupport& processor, const SgxPlan& plan) {
  if (!processor.sgx1)
    return unavailable("this processor has no SGX, or its firmware keeps it off: see `adyton doctor`");
  if (!std::has_single_bit(plan.size)) return invalid("an address range of {:#x} is no power of two", plan.size);
  if (plan.size > processor.largest_bytes) {
    return unavailable(
        "the enclave's address range is {} MiB, this processor's largest {} MiB: lower memory.heap_bytes in the "
        "manifest",
        plan.size >> 20, processor.largest_bytes >> 20);
  }
  if (const std::uint64_t missing = plan.attributes.flags & ~processor.attributes; missing != 0) {
    return unavailable(
        "this processor has not all attributes that the enclave wants (bits {:#x} of SECS.ATTRIBUTES; {:#x} is key "
        "separation, {:#x} AEX-Notify): take them out of the manifest and sign again",
        missing, SgxAttributes::kKss, SgxAttributes::kAexNotify);
  }
  if ((plan.attributes.flags & SgxAttributes::kEinitTokenKey) != 0)
    return denied("the enclave wants the launch token's key, which Linux gives to no enclave");
  if (const std::uint64_t missing = plan.attributes.xfrm & ~processor.xfrm; missing != 0) {
    return unavailable("{}", lacking_features(missing, plan.attributes.xfrm));
  }
  if (const std::uint32_t missing = plan.misc_select & ~processor.misc_select; missing != 0)
    return unavailable("this processor lacks bits {:#x} of MISCSELECT: take them out of the manifest", missing);
  return {};
}

}  // namespace adyton::sgx
