// SPDX-License-Identifier: Apache-2.0
// A small keep kernel made field by field, and an image over TestElf, for tests that want one thing about them wrong.
#pragma once

#include "image/sections.h"
#include "image/sgx/keep_elf.h"
#include "image/sgx/sgx_sign.h"
#include "image/test_elf.h"

namespace adyton {

// Three pages: text (headers and `ud2`), constants, data with one page more of zeros.
struct TestKeep {
  static constexpr std::uint64_t kEntry = 0x400, kConstants = 0x1000, kData = 0x2000;
  enum Index : std::size_t { kText, kReadOnly, kWritable, kStack };

  Elf64_Ehdr header{.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                    .e_type = ET_DYN,
                    .e_machine = EM_X86_64,
                    .e_version = EV_CURRENT,
                    .e_entry = kEntry,
                    .e_phoff = sizeof(Elf64_Ehdr),
                    .e_ehsize = sizeof(Elf64_Ehdr),
                    .e_phentsize = sizeof(Elf64_Phdr)};
  std::vector<Elf64_Phdr> segments = {
      TestElf::load(PF_R | PF_X, 0, 0x410),
      TestElf::load(PF_R, kConstants, 0x20),
      TestElf::load(PF_R | PF_W, kData, 0x40),
      {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W},
  };
  std::vector<Elf64_Dyn> dynamic;   // at kConstants, with a PT_DYNAMIC if there are any
  std::uint64_t syscall_entry = 0;  // at kConstants it says so, unless 0
  std::uint64_t cpuid_entry = kEntry;

  TestKeep() { segments[kWritable].p_memsz = 0x1800; }

  Bytes encode() const {
    std::vector<Elf64_Phdr> all = segments;
    if (!dynamic.empty()) {
      const std::uint64_t size = dynamic.size() * sizeof(Elf64_Dyn);
      all[kReadOnly].p_filesz = all[kReadOnly].p_memsz = size;
      all.push_back({.p_type = PT_DYNAMIC,
                     .p_flags = PF_R,
                     .p_offset = kConstants,
                     .p_vaddr = kConstants,
                     .p_filesz = size,
                     .p_memsz = size});
    }
    Bytes out;
    Elf64_Ehdr finished = header;
    finished.e_phnum = static_cast<Elf64_Half>(all.size());
    append_structure(out, finished);
    for (const Elf64_Phdr& segment : all) append_structure(out, segment);
    out.resize(kEntry);
    append(out, as_bytes("\x0f\x0b"));
    out.resize(kConstants);
    for (const Elf64_Dyn& entry : dynamic) append_structure(out, entry);
    if (syscall_entry != 0) {
      append_le(out, kKeepCallsMagic);
      append_le(out, syscall_entry);
      append_le(out, cpuid_entry);
    }
    while (out.size() < kData) out.push_back(static_cast<std::byte>(0x5a));
    for (unsigned i = 0; i < 0x40; ++i) out.push_back(static_cast<std::byte>(i));
    return out;
  }
};

inline Manifest test_sgx_manifest() {
  Manifest out{.name = "sgx-test", .product = 7, .svn = 3};
  out.memory = {.heap_bytes = 1 << 20, .stack_bytes = 64 << 10};
  out.threads = 2;
  return out;
}

inline Image test_sgx_image(const Manifest& manifest = test_sgx_manifest(), const Bytes& keep = TestKeep().encode(),
                            const Bytes& elf = TestElf().encode()) {
  const Bytes encoded = encode_manifest(manifest);
  const NoteChange changes[] = {{kManifestSection, NoteType::kManifest, encoded}};
  Image image = Image::parse(change_notes(elf, changes).value()).value();
  if (keep.empty()) return image;
  return Image::parse(attach_keep(image, keep).value()).value();
}

}  // namespace adyton
