// SPDX-License-Identifier: Apache-2.0
#include "image/elf_file.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kRemedy = "compile it with -fPIE and link it with -static-pie";

bool asks_for_interpreter(const std::vector<Elf64_Phdr>& headers) {
  return std::ranges::any_of(headers, [](const Elf64_Phdr& header) { return header.p_type == PT_INTERP; });
}

}  // namespace

Result<Elf64_Ehdr> read_elf_header(BytesView elf) {
  if (elf.size() < sizeof(Elf64_Ehdr)) return invalid("not an ELF file: {} bytes", elf.size());
  const auto header = load_structure<Elf64_Ehdr>(elf, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return invalid("not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return invalid("a program for another machine (ELF class {}, machine {}): enclaves are built for x86-64",
                   header.e_ident[EI_CLASS], header.e_machine);
  }
  if (header.e_type == ET_EXEC) return invalid("linked to a fixed address: {}, not with -static or -no-pie", kRemedy);
  if (header.e_type == ET_REL) return invalid("an object file, not a program: link it with -static-pie");
  if (header.e_type != ET_DYN) return invalid("not a program (ELF type {})", header.e_type);
  const unsigned os_abi = header.e_ident[EI_OSABI];
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT || header.e_flags != 0 ||
      header.e_ehsize != sizeof(Elf64_Ehdr) || (os_abi != ELFOSABI_SYSV && os_abi != ELFOSABI_GNU)) {
    return invalid("an ELF header of an unknown kind");
  }
  return header;
}

Result<std::vector<Elf64_Phdr>> read_program_headers(BytesView elf, const Elf64_Ehdr& header,
                                                     const ImageLimits& limits) {
  if (header.e_phnum == 0) return invalid("no program headers: not a program");
  if (header.e_phnum > limits.program_headers) {
    return invalid("{} program headers: at most {} are read", header.e_phnum, limits.program_headers);
  }
  const std::uint64_t size = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff % 8 != 0 || header.e_phoff < sizeof(Elf64_Ehdr) ||
      !in_bounds(header.e_phoff, size, elf.size())) {
    return invalid("program headers that are not where they should be");
  }
  std::vector<Elf64_Phdr> out;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    out.push_back(load_structure<Elf64_Phdr>(elf, header.e_phoff + i * sizeof(Elf64_Phdr)));
  }
  if (asks_for_interpreter(out)) return invalid("linked dynamically: {}", kRemedy);
  return out;
}

const Region* find_region(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size, bool in_file) {
  for (const Region& region : regions) {
    const std::uint64_t limit = in_file ? region.bytes.size() : region.size;
    if (address >= region.address && in_bounds(address - region.address, size, limit)) return &region;
  }
  return nullptr;
}

Result<BytesView> loaded_bytes(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size) {
  const Region* region = find_region(regions, address, size, true);
  if (!region) return invalid("{} bytes at {:#x}, which are not loaded from the file", size, address);
  return region->bytes.subspan(address - region->address, size);
}

}  // namespace adyton
