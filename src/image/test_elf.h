// SPDX-License-Identifier: Apache-2.0
// A small static-PIE made field by field, for tests that want one thing about it wrong.
#pragma once

#include <elf.h>

#include "image/elf_file.h"

namespace adyton {

// Four pages: headers, code (`exit(0)`), constants (dynamic section, relocations), data.
struct TestElf {
  static constexpr std::uint64_t kCode = 0x1000, kConstants = 0x2000, kData = 0x3000;
  enum Index : std::size_t { kHeaders, kText, kReadOnly, kWritable, kDynamic, kStack, kRelro, kTls, kNote };

  Elf64_Ehdr header{.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                    .e_type = ET_DYN,
                    .e_machine = EM_X86_64,
                    .e_version = EV_CURRENT,
                    .e_entry = kCode,
                    .e_phoff = sizeof(Elf64_Ehdr),
                    .e_ehsize = sizeof(Elf64_Ehdr),
                    .e_phentsize = sizeof(Elf64_Phdr)};
  std::vector<Elf64_Phdr> segments = {
      load(PF_R, 0, 0x300),
      load(PF_R | PF_X, kCode, 0x20),
      load(PF_R, kConstants, 0x400),
      load(PF_R | PF_W, kData, 0x80),
      {.p_type = PT_DYNAMIC, .p_flags = PF_R, .p_offset = kConstants, .p_vaddr = kConstants, .p_filesz = 0x200},
      {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W},
      {.p_type = PT_GNU_RELRO,
       .p_flags = PF_R,
       .p_offset = kData,
       .p_vaddr = kData,
       .p_filesz = 0x20,
       .p_memsz = 0x1000},
      {.p_type = PT_TLS, .p_offset = kData, .p_vaddr = kData, .p_filesz = 8, .p_memsz = 16, .p_align = 8},
      {.p_type = PT_NOTE, .p_offset = 0x280, .p_vaddr = 0x280, .p_filesz = 16, .p_memsz = 16},
  };
  std::vector<Elf64_Dyn> dynamic = {
      tag(DT_RELA, kConstants + 0x200),
      tag(DT_RELASZ, 3 * sizeof(Elf64_Rela)),
      tag(DT_RELAENT, sizeof(Elf64_Rela)),
      tag(DT_FLAGS_1, 0x08000000),
      tag(DT_NULL, 0),
  };
  std::vector<Elf64_Rela> relocations = {relocation(R_X86_64_RELATIVE), relocation(R_X86_64_IRELATIVE),
                                         relocation(R_X86_64_NONE)};
  Bytes code = to_bytes(as_bytes(std::string_view("\x31\xff\xb8\x3c\0\0\0\x0f\x05", 9)));  // at kCode
  Bytes constants;                                                                         // at kConstants + 0x300

  TestElf() { segments[kWritable].p_memsz = 0x2000; }

  static Elf64_Phdr load(Elf64_Word flags, std::uint64_t address, std::uint64_t size) {
    return {.p_type = PT_LOAD,
            .p_flags = flags,
            .p_offset = address,
            .p_vaddr = address,
            .p_paddr = address,
            .p_filesz = size,
            .p_memsz = size,
            .p_align = kPageBytes};
  }
  static Elf64_Dyn tag(std::int64_t name, std::uint64_t value) { return {.d_tag = name, .d_un = {.d_val = value}}; }
  static Elf64_Rela relocation(std::uint64_t type, std::uint64_t address = kData + 0x20) {
    return {.r_offset = address, .r_info = ELF64_R_INFO(std::uint64_t{0}, type), .r_addend = kCode};
  }

  Bytes encode() const {
    Bytes out;
    Elf64_Ehdr finished = header;
    if (finished.e_phnum == 0) finished.e_phnum = static_cast<Elf64_Half>(segments.size());
    append_structure(out, finished);
    for (const Elf64_Phdr& segment : segments) append_structure(out, segment);
    out.resize(kCode);
    append(out, code);
    out.resize(kConstants);
    for (const Elf64_Dyn& entry : dynamic) append_structure(out, entry);
    out.resize(kConstants + 0x200);
    for (const Elf64_Rela& entry : relocations) append_structure(out, entry);
    out.resize(kConstants + 0x300);
    append(out, constants);
    out.resize(kData);
    for (unsigned i = 0; i < 0x80; ++i) out.push_back(static_cast<std::byte>(i));
    return out;
  }
};

}  // namespace adyton
