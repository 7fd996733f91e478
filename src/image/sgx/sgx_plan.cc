// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sgx_plan.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/error.h"
#include "image/elf_file.h"
#include "image/sgx/keep_elf.h"
#include "image/sgx/thread_area.h"
#include "image/sgx/trampolines.h"

namespace adyton {
namespace {

constexpr std::uint64_t kXfrmLegacy = 0x3;   // x87 and SSE (SDM 1, 13.1: state components), always
constexpr std::uint32_t kExceptionInfo = 1;  // MISCSELECT.EXINFO

// The manifest's sgx.features and their bits of XFRM.
constexpr std::pair<std::string_view, std::uint64_t> kComponents[] = {
    {"avx", 0x4}, {"avx512", 0xe0}, {"pkru", 0x200}, {"amx", 0x60000}};

std::uint64_t xfrm_of(const std::vector<std::string>& features) {
  std::uint64_t xfrm = kXfrmLegacy;
  for (const auto& [name, components] : kComponents) {
    if (std::ranges::find(features, name) != features.end()) xfrm |= components;
  }
  return xfrm;
}

SgxAttributes attributes_of(const Manifest& manifest) {
  SgxAttributes out{.flags = SgxAttributes::kMode64, .xfrm = xfrm_of(manifest.sgx.features)};
  if (manifest.debug) out.flags |= SgxAttributes::kDebug;
  if (manifest.sgx.provision_key) out.flags |= SgxAttributes::kProvisionKey;
  if (manifest.sgx.kss) out.flags |= SgxAttributes::kKss;
  return out;
}

// Adds runs of pages to a plan, each after the last.
class Layout {
 public:
  explicit Layout(SgxPlan& plan) : plan_(plan) {}

  // Pages with content, zero-padded to their end. `before` bytes of the first page come before it.
  void add(SgxPages pages, BytesView content, std::uint64_t before = 0) {
    const std::uint64_t size = page_ceiling(before + content.size());
    Bytes padded;
    padded.reserve(size);
    padded.resize(before);
    append(padded, content);
    padded.resize(size);
    pages.count = padded.size() / kPageBytes;
    pages.extended = true;
    pages.content = plan_.storage.emplace_back(std::move(padded));
    plan_.pages.push_back(pages);
  }

  // Pages of zeros.
  void add_zeros(SgxPages pages, std::uint64_t bytes) {
    pages.count = bytes / kPageBytes;
    plan_.pages.push_back(pages);
  }

  // A segment: the pages that the file has something of, then zeros.
  void add_region(const Region& region, std::uint64_t base) {
    const std::uint64_t start = page_floor(region.address), before = region.address - start;
    const std::uint64_t end = page_ceiling(region.address + region.size);
    SgxPages pages{.offset = base + start,
                   .readable = region.readable || region.writable,  // EADD takes no page with W and without R
                   .writable = region.writable,
                   .executable = region.executable,
                   .extended = true};
    std::uint64_t filled = start;
    if (!region.bytes.empty()) {
      add(pages, region.bytes, before);
      filled = start + page_ceiling(before + region.bytes.size());
    }
    pages.offset = base + filled;
    if (filled < end) add_zeros(pages, end - filled);
  }

 private:
  SgxPlan& plan_;
};

Result<std::uint64_t> largest_alignment(const LaunchPlan& app, const Elf64_Ehdr& header) {
  std::uint64_t out = kPageBytes;
  for (const Elf64_Phdr& segment : TRY(read_program_headers(app.executable, header, ImageLimits{}))) {
    if (segment.p_type == PT_LOAD) out = std::max(out, segment.p_align);
  }
  return out;
}

// Where everything lies (docs/formats/sgx.md): nothing here depends on anything but the image and the keep kernel.
Result<KeepConfig> place(const Image& image, const KeepElf& keep, std::uint64_t trampolines) {
  const LaunchPlan& app = image.plan();
  const Manifest& manifest = image.manifest();
  const Elf64_Ehdr header = TRY(read_elf_header(app.executable));
  const std::uint64_t alignment = TRY(largest_alignment(app, header));
  KeepConfig out{};
  out.magic = KeepConfig::kMagic;
  out.keep_bytes = keep.bytes;
  out.manifest_offset = keep.bytes + kPageBytes;  // the KeepConfig's page lies between
  out.manifest_bytes = image.manifest_bytes().size();
  // A page that is not there, at least, before the application, the heap, each stack, and each thread.
  const std::uint64_t after_manifest = page_ceiling(out.manifest_offset + out.manifest_bytes) + kPageBytes;
  out.app_offset = (after_manifest + alignment - 1) / alignment * alignment;
  out.app_bytes = page_ceiling(app.regions.back().address + app.regions.back().size);
  out.app_entry = app.entry;
  out.app_headers = header.e_phoff;
  out.app_header_count = header.e_phnum;
  out.thread_count = sgx_threads(manifest);
  out.stack_bytes = manifest.memory.stack_bytes;
  out.heap_offset = out.app_offset + out.app_bytes + page_ceiling(trampolines) + kPageBytes;
  out.heap_bytes = manifest.memory.heap_bytes;
  out.stacks_offset = out.heap_offset + out.heap_bytes;
  out.stack_stride = kStackGuardPages * kPageBytes + out.stack_bytes;
  out.threads_offset = out.stacks_offset + out.thread_count * out.stack_stride;
  out.thread_stride = thread_area_bytes();
  out.debug = manifest.debug ? 1 : 0;
  out.xfrm = xfrm_of(manifest.sgx.features);
  std::ranges::transform(image.digest(), out.image_digest, [](std::byte byte) { return std::uint8_t(byte); });
  const std::uint64_t end = out.threads_offset + out.thread_count * out.thread_stride;
  out.enclave_bytes = std::bit_ceil(end);
  if (out.enclave_bytes > kMaxSgxBytes) {
    return invalid(
        "an SGX enclave of {} bytes: at most {} are possible. Make memory.heap ({} bytes) or the stacks ({} of {} "
        "bytes) smaller",
        end, kMaxSgxBytes, manifest.memory.heap_bytes, out.thread_count, out.stack_bytes);
  }
  return out;
}

// The application as it runs: its segments, and the trampolines of those calls that lead straight into the keep kernel.
void add_application(Layout& layout, const LaunchPlan& app, const KeepConfig& config, const CallSites& calls,
                     const KeepElf& keep) {
  const RewrittenProgram program =
      rewrite_calls(app, calls.rewritten, config.app_bytes,
                    {.syscall = keep.syscall_entry - config.app_offset, .cpuid = keep.cpuid_entry - config.app_offset});
  for (std::size_t i = 0; i < app.regions.size(); ++i) {
    Region region = app.regions[i];
    if (region.executable) region.bytes = program.code[i];
    layout.add_region(region, config.app_offset);
  }
  if (program.trampolines.empty()) return;
  layout.add({.offset = config.app_offset + config.app_bytes, .readable = true, .executable = true},
             program.trampolines);
}

// What can be rewritten for this keep kernel.
CallSites rewritable(const LaunchPlan& app, const KeepElf& keep) {
  // How far jumps reach, less all that lies before and behind the program.
  constexpr std::uint64_t kMostBytes = (1ull << 31) - (256ull << 20);
  CallSites out;
  if (keep.syscall_entry == 0) return out;
  if (app.regions.back().address + app.regions.back().size > kMostBytes) return out;
  return find_call_sites(app);
}

}  // namespace

std::string lacking_features(std::uint64_t missing, std::uint64_t wanted) {
  std::vector<std::string> names;
  for (const auto& [name, components] : kComponents) {
    if ((missing & components) == 0) continue;
    names.emplace_back(name);
    missing &= ~components;
  }
  if (missing != 0) names.push_back(fmt::format("components {:#x}", missing));
  return fmt::format(
      "this processor lacks {} (XFRM {:#x}): take them out of sgx.features in the manifest and sign again, or use "
      "another machine",
      fmt::join(names, ", "), wanted);
}

std::uint64_t secinfo_flags(const SgxPages& pages) {
  return (pages.readable ? 1u : 0) | (pages.writable ? 2u : 0) | (pages.executable ? 4u : 0) |
         std::uint64_t{static_cast<std::uint8_t>(pages.type)} << 8;
}

Result<SgxPlan> make_sgx_plan(const Image& image, BytesView keep_bytes) {
  const KeepElf keep = TRY(parse_keep_elf(keep_bytes));
  CallSites calls = rewritable(image.plan(), keep);
  const KeepConfig config = TRY(place(image, keep, trampoline_bytes(calls.rewritten)));
  const Manifest& manifest = image.manifest();
  SgxPlan plan;
  plan.size = config.enclave_bytes;
  plan.app_offset = config.app_offset;
  plan.misc_select = manifest.sgx.exception_info ? kExceptionInfo : 0;
  plan.attributes = attributes_of(manifest);
  plan.product = manifest.product;
  plan.svn = manifest.svn;
  plan.family_id = manifest.sgx.family_id;
  plan.extended_product_id = manifest.sgx.extended_product_id;

  Layout layout(plan);
  for (const Region& region : keep.regions) layout.add_region(region, 0);
  layout.add({.offset = config.keep_bytes, .readable = true}, std::as_bytes(std::span(&config, 1)));
  layout.add({.offset = config.manifest_offset, .readable = true}, image.manifest_bytes());
  add_application(layout, image.plan(), config, calls, keep);
  layout.add_zeros({.offset = config.heap_offset, .readable = true, .writable = true}, config.heap_bytes);
  for (std::uint64_t i = 0; i < config.thread_count; ++i) {
    const std::uint64_t stack = config.stacks_offset + (i + 1) * config.stack_stride - config.stack_bytes;
    layout.add_zeros({.offset = stack, .readable = true, .writable = true}, config.stack_bytes);
  }
  for (std::uint64_t i = 0; i < config.thread_count; ++i) {
    const ThreadArea area = make_thread_area(config, i, keep.entry);
    const SgxPages writable{.readable = true, .writable = true, .extended = true};
    SgxPages exceptions = writable, stack = writable, self = writable, ssa = writable;
    exceptions.offset = area.exception_stack_offset;
    stack.offset = area.stack_offset;
    self.offset = area.self.self_offset;
    ssa.offset = area.self.ssa_offset;
    layout.add_zeros(exceptions, kExceptionStackPages * kPageBytes);
    layout.add_zeros(stack, kKeepStackPages * kPageBytes);
    layout.add(self, std::as_bytes(std::span(&area.self, 1)));
    layout.add({.offset = area.self.tcs_offset, .type = SgxPageType::kTcs}, area.tcs);
    layout.add_zeros(ssa, kSsaFrames * kSsaFramePages * kPageBytes);
    plan.tcs_offsets.push_back(area.self.tcs_offset);
  }
  plan.calls = std::move(calls);
  return plan;
}

}  // namespace adyton
