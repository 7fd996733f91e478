// SPDX-License-Identifier: Apache-2.0
#include "image/dynamic_section.h"

#include <map>

#include "base/error.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

// <elf.h> of glibc before 2.36 has not got them.
constexpr std::int64_t kDtRelrSize = 35, kDtRelr = 36, kDtRelrEntry = 37;

using Tags = std::map<std::int64_t, std::uint64_t>;

Result<Tags> read_tags(BytesView section) {
  Tags tags;
  for (std::uint64_t offset = 0; in_bounds(offset, sizeof(Elf64_Dyn), section.size()); offset += sizeof(Elf64_Dyn)) {
    const auto entry = load_structure<Elf64_Dyn>(section, offset);
    if (entry.d_tag == DT_NULL) return tags;
    if (!tags.emplace(entry.d_tag, entry.d_un.d_val).second && entry.d_tag != DT_NEEDED) {
      return invalid("the dynamic section has tag {:#x} twice", entry.d_tag);
    }
  }
  return invalid("a dynamic section without end");
}

std::uint64_t value_of(const Tags& tags, std::int64_t tag) {
  const auto found = tags.find(tag);
  return found == tags.end() ? 0 : found->second;
}

Result<void> check_tags(const Tags& tags) {
  if (tags.contains(DT_NEEDED)) return invalid("it needs shared libraries: link it with -static-pie");
  if (tags.contains(DT_RPATH) || tags.contains(DT_RUNPATH)) {
    return invalid(
        "it has a library search path (DT_RUNPATH) and would crash before main(): link it without -rpath "
        "(in CMake: set CMAKE_SKIP_RPATH)");
  }
  if (tags.contains(DT_TEXTREL) || (value_of(tags, DT_FLAGS) & DF_TEXTREL) != 0) {
    return invalid("it has relocations in code (DT_TEXTREL): compile everything in it with -fPIE");
  }
  if (tags.contains(DT_REL)) return invalid("it has relocations without addends, which x86-64 does not use");
  return {};
}

Result<void> check_target(std::uint64_t address, const std::vector<Region>& regions) {
  const Region* region = find_region(regions, address, 8, false);
  if (!region || !region->writable) {
    return invalid("a relocation at {:#x}, which is not writable: compile everything in it with -fPIE", address);
  }
  return {};
}

Result<void> check_relocation(const Elf64_Rela& relocation, const std::vector<Region>& regions) {
  const auto type = ELF64_R_TYPE(relocation.r_info);
  if (type == R_X86_64_NONE) return {};
  if (type == R_X86_64_TPOFF64 || type == R_X86_64_DTPMOD64 || type == R_X86_64_DTPOFF64) {
    return invalid(
        "it exports thread-local symbols (relocation type {}) and would crash before main(): link it "
        "without -rdynamic, -Wl,-E and -Wl,--export-dynamic",
        type);
  }
  if (type != R_X86_64_RELATIVE && type != R_X86_64_IRELATIVE) {
    return invalid(
        "it has relocations of type {}, which need a dynamic linker: link it with -static-pie, and without "
        "-rdynamic, -Wl,-E and -Wl,--export-dynamic",
        type);
  }
  return check_target(relocation.r_offset, regions);
}

Result<void> check_relocations(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size) {
  if (size == 0) return {};
  const BytesView table = TRY(loaded_bytes(regions, address, size).within("relocations"));
  if (size % sizeof(Elf64_Rela) != 0) return invalid("a relocation table of {} bytes", size);
  for (std::uint64_t offset = 0; offset < size; offset += sizeof(Elf64_Rela)) {
    TRY(check_relocation(load_structure<Elf64_Rela>(table, offset), regions));
  }
  return {};
}

// Packed relative relocations: an address, then bitmaps of the words after it (System V ABI, "relative relocations").
Result<void> check_packed_relocations(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size) {
  if (size == 0) return {};
  const BytesView table = TRY(loaded_bytes(regions, address, size).within("packed relocations"));
  if (size % 8 != 0) return invalid("a packed relocation table of {} bytes", size);
  std::uint64_t next = 0;
  for (std::uint64_t offset = 0; offset < size; offset += 8) {
    const auto entry = load_le<std::uint64_t>(table, offset);
    if ((entry & 1) == 0) {
      TRY(check_target(entry, regions));
      next = entry + 8;
      continue;
    }
    for (unsigned bit = 1; bit < 64; ++bit) {
      if ((entry >> bit & 1) != 0) TRY(check_target(next + (bit - 1) * 8, regions));
    }
    next += 63 * 8;
  }
  return {};
}

}  // namespace

Result<void> check_dynamic_section(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size) {
  const BytesView section = TRY(loaded_bytes(regions, address, size));
  const Tags tags = TRY(read_tags(section));
  TRY(check_tags(tags));
  if (tags.contains(DT_RELA) && value_of(tags, DT_RELAENT) != sizeof(Elf64_Rela)) {
    return invalid("relocations of an unknown size");
  }
  if (tags.contains(DT_JMPREL) && value_of(tags, DT_PLTREL) != DT_RELA)
    return invalid("relocations of an unknown kind");
  if (tags.contains(kDtRelr) && value_of(tags, kDtRelrEntry) != 8) {
    return invalid("packed relocations of an unknown size");
  }
  TRY(check_relocations(regions, value_of(tags, DT_RELA), value_of(tags, DT_RELASZ)));
  TRY(check_relocations(regions, value_of(tags, DT_JMPREL), value_of(tags, DT_PLTRELSZ)));
  return check_packed_relocations(regions, value_of(tags, kDtRelr), value_of(tags, kDtRelrSize));
}

}  // namespace adyton
