// SPDX-License-Identifier: Apache-2.0
#include "image/launch_plan.h"

#include <algorithm>
#include <bit>
#include <set>

#include "base/error.h"
#include "image/dynamic_section.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::uint64_t kMaxAlignment = 2 << 20;

// A loaded segment (p_type PT_LOAD) as a region; `bytes` is set later.
Result<Region> region_of(const Elf64_Phdr& header, std::uint64_t file_bytes, const ImageLimits& limits) {
  if (header.p_memsz == 0) return invalid("an empty segment");
  if (header.p_filesz > header.p_memsz) return invalid("a segment that is larger in the file than in memory");
  if (!in_bounds(header.p_offset, header.p_filesz, file_bytes)) return invalid("a segment beyond the end of the file");
  if (!in_bounds(header.p_vaddr, header.p_memsz, limits.memory_bytes)) {
    return invalid("a segment that ends beyond {} bytes of memory", limits.memory_bytes);
  }
  if (!std::has_single_bit(header.p_align) || header.p_align < kPageBytes || header.p_align > kMaxAlignment ||
      header.p_offset % header.p_align != header.p_vaddr % header.p_align) {
    return invalid("a segment that is not aligned to pages");
  }
  const bool writable = (header.p_flags & PF_W) != 0, executable = (header.p_flags & PF_X) != 0;
  if (header.p_flags == 0 || (header.p_flags & ~Elf64_Word{PF_R | PF_W | PF_X}) != 0) {
    return invalid("a segment with unknown flags {:#x}", header.p_flags);
  }
  if (writable && executable) {
    return invalid(
        "a segment that is writable and executable: link it without -Wl,-N, and see that no section is "
        "marked \"awx\"");
  }
  return Region{.address = header.p_vaddr,
                .size = header.p_memsz,
                .file_offset = header.p_offset,
                .readable = (header.p_flags & PF_R) != 0,
                .writable = writable,
                .executable = executable,
                .bytes = {}};
}

// `next` must come after `last`: on other pages in memory, at other bytes in the file. Where the file has none of a
// segment that begins with its page, nothing is mapped, and linkers write any offset: 0, of static data that is aligned
// to more than a page.
Result<void> check_order(const Region& last, const Region& next, std::uint64_t next_file_bytes,
                         std::uint64_t last_file_end) {
  if (page_floor(next.address) < page_ceiling(last.address + last.size)) {
    return invalid("segments that overlap, share a page, or do not ascend");
  }
  const bool brings_nothing = next_file_bytes == 0 && next.address % kPageBytes == 0;
  if (!brings_nothing && next.file_offset < last_file_end) return invalid("segments that overlap in the file");
  return {};
}

// What is neither loaded nor known to be harmless must be where only loaded bytes are: those are measured.
Result<void> check_other(const Elf64_Phdr& header, const std::vector<Region>& regions, const ImageLimits& limits) {
  if (header.p_type == PT_GNU_STACK) {
    if ((header.p_flags & PF_X) != 0) {
      return invalid(
          "it asks for an executable stack: link it without -z execstack, and end assembler sources with "
          ".section .note.GNU-stack,\"\",@progbits");
    }
    if (header.p_filesz != 0) return invalid("a stack with content");
    return {};
  }
  if (header.p_filesz > 0) {
    const Region* region = find_region(regions, header.p_vaddr, header.p_filesz, true);
    if (!region || header.p_vaddr - region->address != header.p_offset - region->file_offset) {
      return invalid("a program header of type {:#x} over bytes that are not loaded", header.p_type);
    }
  }
  if (header.p_type == PT_TLS && (header.p_filesz > header.p_memsz || header.p_memsz > limits.memory_bytes)) {
    return invalid("thread-local storage of {} bytes", header.p_memsz);
  }
  return {};
}

Result<std::uint64_t> relro_end_of(const Elf64_Phdr& header, const std::vector<Region>& regions) {
  const Region* region = find_region(regions, header.p_vaddr, 0, false);
  if (!region || !region->writable ||
      !in_bounds(header.p_vaddr - region->address, header.p_memsz,
                 page_ceiling(region->address + region->size) - region->address)) {
    return invalid("read-only relocations outside a writable segment");
  }
  return header.p_vaddr + header.p_memsz;
}

Result<std::vector<Region>> make_regions(const std::vector<Elf64_Phdr>& headers, std::uint64_t file_bytes,
                                         const ImageLimits& limits) {
  std::vector<Region> regions;
  std::uint64_t file_end = 0;
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_LOAD) continue;
    Region region = TRY(region_of(header, file_bytes, limits));
    if (!regions.empty()) TRY(check_order(regions.back(), region, header.p_filesz, file_end));
    file_end = std::max(file_end, header.p_offset + header.p_filesz);
    regions.push_back(region);
  }
  if (regions.empty()) return invalid("nothing to load");
  return regions;
}

// The file's bytes that `regions` are made of, each where the file has it, and zero between them.
Bytes make_executable(BytesView elf, const std::vector<Elf64_Phdr>& headers) {
  Bytes out;
  std::uint64_t size = 0;
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type == PT_LOAD) size = std::max(size, header.p_offset + header.p_filesz);
  }
  out.reserve(size);
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_LOAD) continue;
    // Also before a segment that brings no bytes: the kernel maps the page it starts in.
    out.resize(std::max(out.size(), header.p_offset));
    append(out, elf.subspan(header.p_offset, header.p_filesz));
  }
  return out;
}

// Stripping, or adding a section, changes these fields of the ELF header and nothing else that is loaded.
void forget_sections(Bytes& executable) {
  store_le<std::uint64_t>(executable, offsetof(Elf64_Ehdr, e_shoff), 0);
  store_le<std::uint16_t>(executable, offsetof(Elf64_Ehdr, e_shentsize), 0);
  store_le<std::uint16_t>(executable, offsetof(Elf64_Ehdr, e_shnum), 0);
  store_le<std::uint16_t>(executable, offsetof(Elf64_Ehdr, e_shstrndx), 0);
}

Result<void> check_first_region(const Region& first, std::uint64_t file_bytes_loaded, const Elf64_Ehdr& header) {
  const std::uint64_t headers_end = header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (first.address != 0 || first.file_offset != 0 || headers_end > file_bytes_loaded) {
    return invalid(
        "the ELF header and program headers are not loaded at address 0: link it without -Ttext-segment, "
        "--image-base or a linker script of its own");
  }
  return {};
}

// glibc and the kernel take the first or the last of several, so there must be one.
Result<void> check_unique(const std::vector<Elf64_Phdr>& headers) {
  std::set<Elf64_Word> seen;
  for (const Elf64_Phdr& header : headers) {
    const Elf64_Word type = header.p_type;
    const bool may_repeat = type == PT_LOAD || type == PT_NOTE || type == PT_NULL;
    if (!may_repeat && !seen.insert(type).second) return invalid("two program headers of type {:#x}", type);
  }
  if (!seen.contains(PT_GNU_STACK)) {
    return invalid(
        "it does not say whether it needs an executable stack (PT_GNU_STACK): link it without "
        "-z nognustack");
  }
  return {};
}

}  // namespace

Result<LaunchPlan> make_launch_plan(BytesView elf, const ImageLimits& limits) {
  if (elf.size() > limits.file_bytes) return exhausted("{} bytes: at most {} are read", elf.size(), limits.file_bytes);
  const Elf64_Ehdr header = TRY(read_elf_header(elf));
  const auto headers = TRY(read_program_headers(elf, header, limits));
  TRY(check_unique(headers));

  LaunchPlan plan;
  plan.entry = header.e_entry;
  plan.regions = TRY(make_regions(headers, elf.size(), limits));
  const auto first = std::ranges::find(headers, Elf64_Word{PT_LOAD}, &Elf64_Phdr::p_type);
  TRY(check_first_region(plan.regions[0], first->p_filesz, header));

  plan.executable = make_executable(elf, headers);
  forget_sections(plan.executable);
  auto region = plan.regions.begin();
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type != PT_LOAD) continue;
    region->bytes = BytesView(plan.executable).subspan(segment.p_offset, segment.p_filesz);
    ++region;
  }

  if (plan.entry == 0) return invalid("a library, not a program: link it with -static-pie instead of -shared");
  const Region* entry = find_region(plan.regions, plan.entry, 1, true);
  if (!entry || !entry->executable) return invalid("its entry point {:#x} is not executable", plan.entry);
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type == PT_LOAD || segment.p_type == PT_NULL) continue;
    TRY(check_other(segment, plan.regions, limits));
    if (segment.p_type == PT_PHDR && segment.p_offset != header.e_phoff) return invalid("two program header tables");
    if (segment.p_type == PT_GNU_RELRO) plan.relro_end = TRY(relro_end_of(segment, plan.regions));
    if (segment.p_type == PT_DYNAMIC) TRY(check_dynamic_section(plan.regions, segment.p_vaddr, segment.p_filesz));
  }
  return plan;
}

}  // namespace adyton
