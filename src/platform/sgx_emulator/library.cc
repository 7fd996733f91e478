// SPDX-License-Identifier: Apache-2.0
#include <adyton/sgx_emulator.h>

#include "base/cursor.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/rsa3072.h"
#include "image/sgx/sigstruct.h"
#include "platform/sgx_emulator/emulator.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton::sgx_emulator {

static_assert(kPageBytes == adyton::kPageBytes && kSigstructBytes == adyton::kSigstructBytes);
static_assert(kRead == sgx::kRead && kWrite == sgx::kWrite && kExecute == sgx::kExecute);
static_assert(PageType::kTrim == static_cast<PageType>(sgx::PageType::kTrim));

namespace {

SgxAttributes convert(const Attributes& attributes) { return {.flags = attributes.flags, .xfrm = attributes.xfrm}; }

SgxPlan plan_of(const Secs& secs) {
  SgxPlan out;
  out.size = secs.size_bytes;
  out.ssa_frame_pages = secs.ssa_frame_pages;
  out.misc_select = secs.misc_select;
  out.attributes = convert(secs.attributes);
  return out;
}

Result<SgxPages> convert(const Pages& pages) {
  if ((pages.permissions & ~(kRead | kWrite | kExecute)) != 0)
    return invalid("#GP: permissions {:#x}: 1 is to read, 2 to write, 4 to execute", pages.permissions);
  SgxPages out{.offset = pages.offset, .count = pages.count, .type = static_cast<SgxPageType>(pages.type)};
  out.readable = (pages.permissions & kRead) != 0;
  out.writable = (pages.permissions & kWrite) != 0;
  out.executable = (pages.permissions & kExecute) != 0;
  out.extended = pages.extended;
  out.content = pages.content;
  return out;
}

}  // namespace

Result<Measurement> measure(const Secs& secs, std::span<const Pages> pages) {
  SgxPlan plan = plan_of(secs);
  if (plan.size > kMaxSgxBytes) return invalid("an enclave of {:#x} bytes", plan.size);
  for (const Pages& run : pages) {
    const SgxPages added = TRY(convert(run));
    const bool counted = run.count != 0 && run.count <= plan.size / kPageBytes;
    if (!counted || run.offset % kPageBytes != 0 || !in_bounds(run.offset, run.count * kPageBytes, plan.size))
      return invalid("{} pages at {:#x} are not within the enclave", run.count, run.offset);
    if (!run.content.empty() && run.content.size() != run.count * kPageBytes)
      return invalid("{} bytes for {} pages at {:#x}", run.content.size(), run.count, run.offset);
    plan.pages.push_back(added);
  }
  return measure_sgx_plan(plan);
}

Result<Bytes> sign(const SignedFields& fields, std::string_view key_pem) {
  const PrivateKey key = TRY(PrivateKey::parse_pem(key_pem).within("the key"));
  const Bytes modulus = TRY(rsa3072_modulus(key.public_key()));
  const SgxSignedFields said{.date = fields.date,
                             .vendor = fields.vendor,
                             .software_defined = fields.software_defined,
                             .misc_select = fields.misc_select,
                             .misc_mask = fields.misc_mask,
                             .attributes = convert(fields.attributes),
                             .attribute_mask = convert(fields.attribute_mask),
                             .measurement = fields.measurement,
                             .family_id = fields.family_id,
                             .extended_product_id = fields.extended_product_id,
                             .product = fields.product,
                             .svn = fields.svn};
  return TRY(make_sigstruct(said, modulus, TRY(key.sign_pkcs1_sha256(sigstruct_to_be_signed(said))))).bytes;
}

Result<Measurement> signer_of(BytesView sigstruct) { return TRY(parse_sigstruct(sigstruct)).signer; }

Result<Secret> make_fuses() { return TRY(SgxFuses::make()).encode(); }
Result<Secret> open_fuses(const std::filesystem::path& folder) { return TRY(SgxFuses::open(folder)).encode(); }

struct Enclave::Impl {
  std::unique_ptr<SgxEnclave> owned;
  Sgx2Enclave* enclave;  // the same

  Result<EntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const Registers& in) {
    const SgxEntryEnd end =
        TRY(enclave->enter(tcs_offset, leaf, {.rdi = in.rdi, .rsi = in.rsi, .rdx = in.rdx, .r8 = in.r8, .r9 = in.r9}));
    if (end.interrupted) return EntryEnd{.reason = EntryEnd::Reason::kInterrupted};
    if (end.function != SgxLeaf::kEexit) {
      return EntryEnd{.reason = EntryEnd::Reason::kException,
                      .exception_vector = end.exception_vector,
                      .exception_error_code = end.exception_error_code,
                      .exception_address = end.exception_address};
    }
    const SgxRegisters& out = end.registers;
    return EntryEnd{.registers = {.rdi = out.rdi, .rsi = out.rsi, .rdx = out.rdx, .r8 = out.r8, .r9 = out.r9}};
  }
};

Enclave::Enclave(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Enclave::Enclave(Enclave&&) noexcept = default;
Enclave& Enclave::operator=(Enclave&&) noexcept = default;
Enclave::~Enclave() = default;

std::uint64_t Enclave::base() const { return impl_->enclave->base(); }

Result<void> Enclave::add(const Pages& pages) { return impl_->enclave->add(TRY(convert(pages).within("EADD"))); }

Result<void> Enclave::initialise(BytesView sigstruct) {
  if (sigstruct.size() != kSigstructBytes)
    return invalid("EINIT: a SIGSTRUCT of {} bytes, not {}", sigstruct.size(), kSigstructBytes);
  Sigstruct signature{};  // EINIT parses and checks the bytes, and names what is wrong with them as the SDM does
  signature.bytes = to_bytes(sigstruct);
  return impl_->enclave->initialise(signature);
}

Result<EntryEnd> Enclave::enter(std::uint64_t tcs_offset, const Registers& registers) {
  return impl_->enter(tcs_offset, SgxLeaf::kEenter, registers);
}
Result<EntryEnd> Enclave::resume(std::uint64_t tcs_offset) { return impl_->enter(tcs_offset, SgxLeaf::kEresume, {}); }
void Enclave::interrupt(std::uint64_t tcs_offset) { impl_->enclave->interrupt(tcs_offset); }

Result<void> Enclave::augment(std::uint64_t offset, std::uint64_t count) {
  return impl_->enclave->augment(offset, count);
}
Result<void> Enclave::restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint8_t permissions) {
  return impl_->enclave->restrict_permissions(offset, count, permissions);
}
Result<void> Enclave::change_type(std::uint64_t offset, std::uint64_t count, PageType type) {
  if (type != PageType::kTcs && type != PageType::kTrim)
    return invalid("EMODT: #GP: to a page type of {}", static_cast<unsigned>(type));
  return impl_->enclave->change_type(offset, count, type == PageType::kTcs);
}
Result<void> Enclave::remove(std::uint64_t offset, std::uint64_t count) {
  return impl_->enclave->remove(offset, count);
}

struct Machine::Impl {
  std::unique_ptr<SgxDevice> device;
};

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;
Machine::~Machine() = default;

Result<Machine> Machine::make(const Secret& fuses, MachineOptions options) {
  SgxEmulatorOptions chosen;
  chosen.strict = options.strict;
  chosen.rdtsc_faults = options.rdtsc_faults;
  chosen.provisioning = options.provisioning;
  chosen.launch_signer = options.launch_signer;
  auto device = TRY(make_sgx_emulator(TRY(SgxFuses::decode(fuses.expose()).within("the fuses")), std::move(chosen)));
  return Machine(std::make_unique<Impl>(std::move(device)));
}

Result<Enclave> Machine::create(const Secs& secs) {
  auto created = TRY(impl_->device->create(plan_of(secs)));
  auto* const enclave = dynamic_cast<Sgx2Enclave*>(created.get());
  if (enclave == nullptr) return internal("the emulator made an enclave without SGX2");
  return Enclave(std::make_unique<Enclave::Impl>(std::move(created), enclave));
}

}  // namespace adyton::sgx_emulator
