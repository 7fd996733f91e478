// SPDX-License-Identifier: Apache-2.0
// ECREATE, EADD, EEXTEND and EINIT. The measurement is folded from the bytes that lie in the enclave's pages, as the
// processor does, and not from the plan: it is a check of measure_sgx_plan() that shares nothing with it.
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_emulator/enclave.h"

namespace adyton::sgx {
namespace {

constexpr std::uint64_t kKnownAttributes = SgxAttributes::kInit | SgxAttributes::kDebug | SgxAttributes::kMode64 |
                                           SgxAttributes::kProvisionKey | SgxAttributes::kEinitTokenKey |
                                           SgxAttributes::kKss;

Error refused(Code code, std::string_view why) { return untrusted("EINIT: {}: {}", name_of(code), why); }

Result<void> check_plan(const SgxPlan& plan) {
  if (!std::has_single_bit(plan.size) || plan.size < kMinEnclaveBytes || plan.size > kMaxEnclaveBytes)
    return invalid("ECREATE: #GP: a size of {:#x} is not a power of two from 8 KiB to 64 GiB", plan.size);
  const std::uint64_t flags = plan.attributes.flags;
  if ((flags & SgxAttributes::kAexNotify) != 0)
    return unavailable("ECREATE: #GP: the emulated processor has no AEX-Notify: build the image without it");
  if ((flags & SgxAttributes::kInit) != 0 || (flags & ~kKnownAttributes) != 0)
    return invalid("ECREATE: #GP: SECS.ATTRIBUTES {:#x}", flags);
  if ((flags & SgxAttributes::kMode64) == 0) return invalid("ECREATE: #GP: only 64-bit enclaves run here");
  const std::uint64_t xfrm = plan.attributes.xfrm;
  if ((xfrm & 3) != 3) return invalid("ECREATE: #GP: XFRM {:#x} is without x87 and SSE", xfrm);
  if (const std::uint64_t missing = xfrm & ~enabled_xfrm(); missing != 0)
    return unavailable("ECREATE: #GP: {}", lacking_features(missing, xfrm));
  if ((plan.misc_select & ~kMiscExinfo) != 0) return invalid("ECREATE: #GP: MISCSELECT {:#x}", plan.misc_select);
  const std::uint64_t needed = xsave_bytes(xfrm) + (plan.misc_select != 0 ? sizeof(ExInfo) : 0) + sizeof(GprSgx);
  if (plan.ssa_frame_pages * kPageBytes < needed)
    return invalid("ECREATE: #GP: SSAFRAMESIZE {} is under the {} bytes of a frame", plan.ssa_frame_pages, needed);
  return {};
}

}  // namespace

EmulatedEnclave::EmulatedEnclave(std::shared_ptr<const Processor> processor, SgxEmulatorOptions options,
                                 EnclaveMemory memory)
    : processor_(std::move(processor)), options_(std::move(options)), memory_(std::move(memory)) {}

EmulatedEnclave::~EmulatedEnclave() = default;

// A measurement's record: 64 bytes, a name of eight and two values (SDM: ECREATE, EADD, EEXTEND; TMP_UPDATEFIELD).
void EmulatedEnclave::fold(std::string_view record, std::uint64_t first, std::uint64_t second) {
  std::array<std::byte, 64> bytes{};
  std::memcpy(bytes.data(), record.data(), record.size());
  store_le(bytes, 8, first);
  store_le(bytes, 16, second);
  measurement_->update(bytes);
}

Result<std::unique_ptr<EmulatedEnclave>> EmulatedEnclave::create(std::shared_ptr<const Processor> processor,
                                                                 const SgxEmulatorOptions& options,
                                                                 const SgxPlan& plan) {
  TRY(check_plan(plan));
  auto memory = TRY(EnclaveMemory::reserve(plan.size, options.base));
  std::unique_ptr<EmulatedEnclave> out(new EmulatedEnclave(std::move(processor), options, std::move(memory)));
  out->secs_.base = out->memory_.base();
  out->secs_.size = plan.size;
  out->secs_.ssa_frame_pages = plan.ssa_frame_pages;
  out->secs_.misc_select = plan.misc_select;
  out->secs_.attributes = plan.attributes;
  out->pages_ = std::vector<std::atomic<PageEntry>>(plan.size / kPageBytes);
  out->thread_of_page_ = std::vector<std::atomic<Thread*>>(plan.size / kPageBytes);
  out->measurement_.emplace();
  // SSAFRAMESIZE has four bytes, SIZE the eight that follow.
  std::array<std::byte, 64> record{};
  std::memcpy(record.data(), "ECREATE", 7);
  store_le(record, 8, plan.ssa_frame_pages);
  store_le(record, 12, plan.size);
  out->measurement_->update(record);
  return out;
}

Result<void> EmulatedEnclave::check_run(std::uint64_t offset, std::uint64_t count, bool present) const {
  if (offset % kPageBytes != 0 || count == 0 || count > secs_.size / kPageBytes ||
      !in_bounds(offset, count * kPageBytes, secs_.size)) {
    return invalid("#GP: {} pages at {:#x} are not within the enclave", count, offset);
  }
  for (std::uint64_t page = offset / kPageBytes; page < offset / kPageBytes + count; ++page) {
    if (page_at(page * kPageBytes).valid != present) {
      return invalid("#PF: there is {} page at {:#x}", present ? "no" : "already a", page * kPageBytes);
    }
  }
  return {};
}

void EmulatedEnclave::extend(std::uint64_t offset, std::uint64_t count) {
  constexpr std::uint64_t kChunk = 256;
  for (std::uint64_t at = offset; at < offset + count * kPageBytes; at += kChunk) {
    fold("EEXTEND", at, 0);
    measurement_->update(memory_.bytes(at, kChunk));
  }
}

void EmulatedEnclave::make_thread(std::uint64_t offset, const TcsFields& fields) {
  auto thread = std::make_unique<Thread>();
  thread->offset = offset;
  thread->fields = fields;
  for (const auto& other : threads_) {
    if (other->fields.ogs_base != fields.ogs_base) continue;
    other->shares_gs = true;
    thread->shares_gs = true;
  }
  thread_of_page_[offset / kPageBytes].store(thread.get(), std::memory_order_release);
  threads_.push_back(std::move(thread));
}

Result<void> EmulatedEnclave::add(const SgxPages& pages) {
  if (!measurement_) return invalid("EADD: #GP: the enclave is initialised");
  TRY(check_run(pages.offset, pages.count, false).within("EADD"));
  const std::uint64_t size = pages.count * kPageBytes;
  if (!pages.content.empty() && pages.content.size() != size)
    return invalid("EADD: {} bytes for {} pages", pages.content.size(), pages.count);
  const std::uint64_t permissions =
      (pages.readable ? kRead : 0) | (pages.writable ? kWrite : 0) | (pages.executable ? kExecute : 0);
  const bool is_tcs = pages.type == SgxPageType::kTcs;
  if (!is_tcs && pages.type != SgxPageType::kRegular)
    return invalid("EADD: #GP: a page type of {}", static_cast<unsigned>(pages.type));
  if ((permissions & (kRead | kWrite)) == kWrite) return invalid("EADD: #GP: a page that is writable but not readable");
  if (is_tcs && permissions != 0) return invalid("EADD: #GP: a TCS with permissions");

  TRY(memory_.protect(pages.offset, size, kRead | kWrite));
  if (!pages.content.empty()) std::ranges::copy(pages.content, memory_.bytes(pages.offset, size).begin());
  for (std::uint64_t i = 0; i < pages.count; ++i) {
    const std::uint64_t offset = pages.offset + i * kPageBytes;
    if (is_tcs) {
      make_thread(offset, TRY(parse_tcs(memory_.bytes(offset, kPageBytes)).within("EADD")));
    }
    const PageType type = is_tcs ? PageType::kTcs : PageType::kRegular;
    set_page(offset, {.valid = true, .type = type, .permissions = static_cast<std::uint8_t>(permissions)});
    fold("EADD", offset, secinfo_of(type, permissions));
    if (pages.extended) extend(offset, 1);
  }
  return memory_.protect(pages.offset, size, permissions);
}

Result<void> EmulatedEnclave::check_signature(const Sigstruct& signature) {
  auto parsed = parse_sigstruct(signature.bytes);
  if (!parsed) {
    const bool structure = parsed.error().code == ErrorCode::kInvalid;
    return refused(structure ? Code::kInvalidSigStruct : Code::kInvalidSignature, parsed.error().message);
  }
  const SgxSignedFields& is = parsed->fields;
  if (is.measurement != secs_.mr_enclave) {
    return refused(Code::kInvalidMeasurement, fmt::format("the pages measure as {}, the signature is of {}",
                                                          to_hex(secs_.mr_enclave), to_hex(is.measurement)));
  }
  const auto differ = [&](std::uint64_t wanted, std::uint64_t found, std::uint64_t mask) {
    return (wanted & mask) != (found & mask);
  };
  // INIT is not set before EINIT has succeeded, and its bit of the mask is checked against what it will be.
  const std::uint64_t flags = secs_.attributes.flags | SgxAttributes::kInit;
  const std::uint64_t wanted = is.attributes.flags | SgxAttributes::kInit;
  if (differ(wanted, flags, is.attribute_mask.flags) ||
      differ(is.attributes.xfrm, secs_.attributes.xfrm, is.attribute_mask.xfrm)) {
    return refused(Code::kInvalidAttribute,
                   fmt::format("the enclave has attributes {:#x} and XFRM {:#x}, signed are {:#x} and {:#x} under the "
                               "masks {:#x} and {:#x}",
                               secs_.attributes.flags, secs_.attributes.xfrm, is.attributes.flags, is.attributes.xfrm,
                               is.attribute_mask.flags, is.attribute_mask.xfrm));
  }
  if (differ(is.misc_select, secs_.misc_select, is.misc_mask))
    return refused(Code::kInvalidAttribute, "MISCSELECT is not as signed");
  if ((flags & SgxAttributes::kProvisionKey) != 0 && !options_.provisioning) {
    return denied(
        "EINIT: the enclave wants the provisioning key, which this device does not give: allow it as "
        "/dev/sgx_provision does");
  }
  if (options_.launch_signer && *options_.launch_signer != parsed->signer)
    return refused(Code::kInvalidEinitToken, "only the signer of IA32_SGXLEPUBKEYHASH launches enclaves here");
  secs_.mr_signer = parsed->signer;
  secs_.product = is.product;
  secs_.svn = is.svn;
  if ((flags & SgxAttributes::kKss) != 0) {
    secs_.family_id = is.family_id;
    secs_.extended_product_id = is.extended_product_id;
  }
  return {};
}

Result<void> EmulatedEnclave::initialise(const Sigstruct& signature) {
  if (!measurement_) return invalid("EINIT: #GP: the enclave is initialised already");
  secs_.mr_enclave = measurement_->finish();
  measurement_.reset();  // a refused enclave is of no further use, as with the kernel's device
  TRY(check_signature(signature));

  if (!options_.strict) {
    std::vector<std::uint64_t> sites = options_.enclu_sites;
    const auto executable = [&](std::uint64_t page) {
      if (page >= pages_.size()) return false;
      const PageEntry entry = page_at(page * kPageBytes);
      return entry.valid && entry.permissions == (kRead | kExecute);
    };
    if (sites.empty() && !threads_.empty()) {
      std::uint64_t first = threads_.front()->fields.oentry / kPageBytes, last = first;
      while (executable(first - 1)) --first;  // wraps to a page that there is none of
      while (executable(last)) ++last;
      sites = find_enclu_sites(memory_.bytes(first * kPageBytes, (last - first) * kPageBytes), first * kPageBytes);
    }
    std::erase_if(sites, [&](std::uint64_t site) {
      return !executable(site / kPageBytes) || !executable((site + 4) / kPageBytes);
    });
    TRY(memory_.redirect(sites));
  }
  secs_.attributes.flags |= SgxAttributes::kInit;
  return {};
}

}  // namespace adyton::sgx
