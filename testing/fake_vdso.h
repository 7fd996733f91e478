// SPDX-License-Identifier: Apache-2.0
// A vDSO's image as the kernel lays one out: one segment, symbols, strings, and either or both hash tables.
#pragma once

#include <elf.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include "base/cursor.h"

namespace adyton {

struct FakeVdso {
  std::vector<std::pair<std::string, std::uint64_t>> functions = {{"__vdso_time", 0x700},
                                                                  {"__vdso_sgx_enter_enclave", 0x780}};
  bool hash = true, gnu_hash = true;
  std::uint64_t load_address = 0;  // very old kernels linked it at 0xffffffffff700000

  static constexpr std::size_t kBytes = 2048, kDynamic = 0x100, kHash = 0x200, kGnuHash = 0x280, kSymbols = 0x300,
                               kStrings = 0x500;

  [[nodiscard]] Bytes make() const {
    Bytes out(kBytes);
    const auto put = [&](std::size_t offset, const auto& value) {
      std::memcpy(std::span(out).subspan(offset, sizeof(value)).data(), &value, sizeof(value));
    };
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    put(0, header);
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_vaddr = load_address;
    segment.p_filesz = segment.p_memsz = kBytes;
    put(sizeof(header), segment);
    segment.p_type = PT_DYNAMIC;
    segment.p_offset = kDynamic;
    segment.p_vaddr += kDynamic;

    std::size_t entry = kDynamic;
    const auto dynamic = [&](Elf64_Sxword tag, std::uint64_t value) {
      Elf64_Dyn one{};
      one.d_tag = tag;
      one.d_un.d_val = value;
      put(entry, one);
      entry += sizeof(one);
    };
    std::size_t string = kStrings + 1, symbol = kSymbols + sizeof(Elf64_Sym);
    for (const auto& [name, offset] : functions) {
      Elf64_Sym one{};
      one.st_name = static_cast<Elf64_Word>(string - kStrings);
      one.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      one.st_shndx = 1;
      one.st_value = load_address + offset;
      put(symbol, one);
      symbol += sizeof(one);
      std::memcpy(std::span(out).subspan(string, name.size()).data(), name.data(), name.size());
      string += name.size() + 1;
    }
    const auto count = static_cast<std::uint32_t>(functions.size() + 1);
    store_le<std::uint32_t>(out, kHash, 1);  // buckets
    store_le<std::uint32_t>(out, kHash + 4, count);
    store_le<std::uint32_t>(out, kGnuHash, 1);      // buckets
    store_le<std::uint32_t>(out, kGnuHash + 4, 1);  // first symbol in it
    store_le<std::uint32_t>(out, kGnuHash + 8, 1);  // words of its filter
    const std::size_t bucket = kGnuHash + 24;
    store_le<std::uint32_t>(out, bucket, functions.empty() ? 0 : 1);
    for (std::size_t i = 0; i < functions.size(); ++i)
      store_le<std::uint32_t>(out, bucket + 4 + 4 * i, i + 1 == functions.size() ? 1 : 2);  // bit 0: the last
    if (hash) dynamic(DT_HASH, load_address + kHash);
    if (gnu_hash) dynamic(DT_GNU_HASH, load_address + kGnuHash);
    dynamic(DT_SYMTAB, load_address + kSymbols);
    dynamic(DT_STRTAB, load_address + kStrings);
    dynamic(DT_STRSZ, string - kStrings);
    dynamic(DT_NULL, 0);
    segment.p_filesz = segment.p_memsz = entry - kDynamic;
    put(sizeof(header) + sizeof(segment), segment);
    return out;
  }
};

}  // namespace adyton
