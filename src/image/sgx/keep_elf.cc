// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/keep_elf.h"

#include <algorithm>

#include "base/error.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

// Linked at 0 it may be of either type: nothing is relocated.
Result<Elf64_Ehdr> read_keep_header(BytesView elf) {
  if (elf.size() > kMaxKeepBytes) return invalid("{} bytes: at most {} are taken", elf.size(), kMaxKeepBytes);
  if (elf.size() < sizeof(Elf64_Ehdr)) return invalid("not an ELF file: {} bytes", elf.size());
  const auto header = load_structure<Elf64_Ehdr>(elf, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_ident[EI_VERSION] != EV_CURRENT ||
      header.e_version != EV_CURRENT || header.e_machine != EM_X86_64 || header.e_ehsize != sizeof(Elf64_Ehdr)) {
    return invalid("not an ELF file for x86-64");
  }
  if (header.e_type != ET_DYN && header.e_type != ET_EXEC) return invalid("not linked (ELF type {})", header.e_type);
  return header;
}

Result<Region> keep_region(const Elf64_Phdr& header, BytesView elf) {
  const bool readable = (header.p_flags & PF_R) != 0, writable = (header.p_flags & PF_W) != 0,
             executable = (header.p_flags & PF_X) != 0;
  if (header.p_memsz == 0 || header.p_filesz > header.p_memsz ||
      !in_bounds(header.p_offset, header.p_filesz, elf.size())) {
    return invalid("a segment that is empty or beyond the end of the file");
  }
  if (!in_bounds(header.p_vaddr, header.p_memsz, kMaxKeepBytes)) {
    return invalid("a segment beyond {} bytes of memory: it is to be linked at 0", kMaxKeepBytes);
  }
  if ((header.p_flags & ~Elf64_Word{PF_R | PF_W | PF_X}) != 0 || !readable || (writable && executable)) {
    return invalid("a segment with the flags {:#x}: text is R and X, constants R, data R and W", header.p_flags);
  }
  return Region{.address = header.p_vaddr,
                .size = header.p_memsz,
                .file_offset = header.p_offset,
                .readable = readable,
                .writable = writable,
                .executable = executable,
                .bytes = elf.subspan(header.p_offset, header.p_filesz)};
}

// A linker writes a dynamic section even where there is nothing to say in it.
Result<void> check_nothing_dynamic(const Elf64_Phdr& header, const std::vector<Region>& regions) {
  const BytesView section = TRY(loaded_bytes(regions, header.p_vaddr, header.p_filesz));
  for (std::uint64_t at = 0; in_bounds(at, sizeof(Elf64_Dyn), section.size()); at += sizeof(Elf64_Dyn)) {
    const auto entry = load_structure<Elf64_Dyn>(section, at);
    switch (entry.d_tag) {
      case DT_NULL: return {};
      case DT_RELASZ:
      case DT_RELSZ:
      case DT_RELRSZ:
      case DT_PLTRELSZ:
        if (entry.d_un.d_val != 0) return invalid("relocations, which nobody would apply");
        break;
      case DT_NEEDED:
      case DT_TEXTREL:
      case DT_INIT:
      case DT_FINI:
      case DT_INIT_ARRAYSZ:
      case DT_FINI_ARRAYSZ: return invalid("a dynamic section that asks for a loader (tag {:#x})", entry.d_tag);
      default: break;
    }
  }
  return invalid("a dynamic section without end");
}

// keep_elf.h says where they stand.
Result<void> read_call_entries(KeepElf& keep) {
  constexpr std::uint64_t kWord = sizeof(std::uint64_t);
  const auto constants =
      std::ranges::find_if(keep.regions, [](const Region& region) { return !region.writable && !region.executable; });
  if (constants == keep.regions.end() || constants->bytes.size() < 3 * kWord) return {};
  if (load_le<std::uint64_t>(constants->bytes) != kKeepCallsMagic) return {};
  keep.syscall_entry = load_le<std::uint64_t>(constants->bytes, kWord);
  keep.cpuid_entry = load_le<std::uint64_t>(constants->bytes, 2 * kWord);
  for (const std::uint64_t entry : {keep.syscall_entry, keep.cpuid_entry}) {
    const Region* region = find_region(keep.regions, entry, 1, true);
    if (entry == 0 || region == nullptr || !region->executable) {
      return invalid("its entry for {} {:#x} is not executable", entry == keep.syscall_entry ? "system calls" : "cpuid",
                     entry);
    }
  }
  return {};
}

Result<KeepElf> read_keep_elf(BytesView elf) {
  const Elf64_Ehdr header = TRY(read_keep_header(elf));
  const std::vector<Elf64_Phdr> headers = TRY(read_program_headers(elf, header, ImageLimits{}));
  KeepElf out{.entry = header.e_entry, .syscall_entry = 0, .cpuid_entry = 0, .bytes = 0, .regions = {}};
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type == PT_TLS) return invalid("thread-local storage");
    if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0) return invalid("an executable stack");
    if (segment.p_type != PT_LOAD) continue;
    const Region region = TRY(keep_region(segment, elf));
    if (page_floor(region.address) < out.bytes) {
      return invalid("segments that overlap, share a page, or do not ascend");
    }
    out.bytes = page_ceiling(region.address + region.size);
    out.regions.push_back(region);
  }
  if (out.regions.empty() || page_floor(out.regions[0].address) != 0) {
    return invalid("nothing to load at address 0: it is to be linked there");
  }
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type == PT_DYNAMIC) TRY(check_nothing_dynamic(segment, out.regions));
  }
  const Region* entry = find_region(out.regions, out.entry, 1, true);
  if (!entry || !entry->executable) return invalid("its entry point {:#x} is not executable", out.entry);
  TRY(read_call_entries(out));
  return out;
}

}  // namespace

Result<KeepElf> parse_keep_elf(BytesView elf) { return read_keep_elf(elf).within("the keep kernel"); }

}  // namespace adyton
