// SPDX-License-Identifier: Apache-2.0
#include "image/function_names.h"

#include <gtest/gtest.h>

#include "image/elf_file.h"
#include "image/test_elf.h"

namespace adyton {
namespace {

// A static-PIE's header, a symbol table and its names.
Bytes make_file() {
  const std::string names("\0_ZN5vault4openEi\0plain\0_Z\0value", 33);
  Bytes out = TestElf().encode();
  const auto put = [&](const auto& value) { append_structure(out, value); };
  const std::uint64_t symbols = out.size();
  const auto symbol = [&](Elf64_Word name, int type, Elf64_Addr value, std::uint64_t size, Elf64_Half section = 1) {
    put(Elf64_Sym{.st_name = name,
                  .st_info = static_cast<unsigned char>(ELF64_ST_INFO(STB_GLOBAL, type)),
                  .st_other = 0,
                  .st_shndx = section,
                  .st_value = value,
                  .st_size = size});
  };
  symbol(0, STT_NOTYPE, 0, 0, 0);
  symbol(18, STT_FUNC, 0x2000, 0x10);
  symbol(1, STT_FUNC, 0x1000, 0x100);
  symbol(24, STT_FUNC, 0x3000, 0);
  symbol(27, STT_OBJECT, 0x4000, 0x10);
  symbol(18, STT_FUNC, 0x5000, 0x10, SHN_UNDEF);
  symbol(1000, STT_FUNC, 0x6000, 0x10);
  const std::uint64_t texts = out.size();
  append(out, as_bytes(std::string_view(names)));
  const std::uint64_t headers = out.size();
  put(Elf64_Shdr{});
  Elf64_Shdr table{};
  table.sh_type = SHT_SYMTAB;
  table.sh_offset = symbols;
  table.sh_size = texts - symbols;
  table.sh_link = 2;
  table.sh_entsize = sizeof(Elf64_Sym);
  put(table);
  Elf64_Shdr strings{};
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = texts;
  strings.sh_size = headers - texts;
  put(strings);
  auto header = load_structure<Elf64_Ehdr>(out, 0);
  header.e_shoff = headers;
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  header.e_shentsize = sizeof(Elf64_Shdr);
  std::memcpy(out.data(), &header, sizeof(header));
  return out;
}

TEST(FunctionNamesTest, KnowsWhichFunctionAnAddressIsIn) {
  const FunctionNames names = FunctionNames::read(make_file()).value();
  EXPECT_EQ(names.at(0x1000), "vault::open(int)+0x0");
  EXPECT_EQ(names.at(0x10ff), "vault::open(int)+0xff");
  EXPECT_EQ(names.at(0x1100), "");
  EXPECT_EQ(names.at(0xfff), "");
  EXPECT_EQ(names.at(0x2004), "plain+0x4");
  EXPECT_EQ(names.at(0x3000), "_Z+0x0");  // no name that can be told otherwise, and no size
  EXPECT_EQ(names.at(0x3001), "");
  for (const std::uint64_t address : {0x4000ull, 0x5000ull, 0x6000ull, 0x0ull, ~0ull}) {
    EXPECT_EQ(names.at(address), "");
  }
}

TEST(FunctionNamesTest, AFileWithoutSymbolsHasNoNames) {
  EXPECT_EQ(FunctionNames::read(TestElf().encode()).value().at(0x1000), "");
}

TEST(FunctionNamesTest, DamagedFilesAreRefusedOrNameSomethingElse) {
  const Bytes file = make_file();
  const auto look = [](BytesView bytes) {
    if (const auto names = FunctionNames::read(bytes)) {
      for (std::uint64_t address = 0; address < 0x8000; address += 0x800) (void)names->at(address);
    }
  };
  for (std::size_t size = 0; size < file.size(); ++size) look(BytesView(file).first(size));
  Bytes damaged = file;
  for (std::size_t at = 0; at < file.size(); ++at) {
    if (at == sizeof(Elf64_Ehdr)) at = TestElf().encode().size();  // what lies between is not looked at
    for (int bit = 0; bit < 8; ++bit) {
      damaged[at] ^= std::byte(1 << bit);
      look(damaged);
      damaged[at] ^= std::byte(1 << bit);
    }
  }
}

}  // namespace
}  // namespace adyton
