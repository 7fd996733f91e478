// SPDX-License-Identifier: Apache-2.0
#include "image/function_names.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <cxxabi.h>

#include "base/error.h"
#include "image/elf_file.h"
#include "image/sections.h"

namespace adyton {
namespace {

constexpr std::size_t kLongestName = 4096;  // as it is mangled, and as it is told

std::string told(std::string_view mangled) {
  if (mangled.size() > kLongestName) return std::string(mangled.substr(0, kLongestName)) + "...";
  const std::string name(mangled);
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                          &std::free);
  return plain == nullptr ? name : std::string(std::string_view(plain.get()).substr(0, kLongestName));
}

}  // namespace

Result<FunctionNames> FunctionNames::read(BytesView elf, const ImageLimits& limits) {
  FunctionNames out;
  const std::vector<Section> sections = TRY(read_sections(elf, limits));
  const auto table = std::ranges::find(sections, Elf64_Word{SHT_SYMTAB},
                                       [](const Section& section) { return section.header.sh_type; });
  if (table == sections.end()) return out;
  if (table->header.sh_entsize != sizeof(Elf64_Sym) || table->header.sh_link >= sections.size()) {
    return invalid("a malformed symbol table");
  }
  out.names_ = to_bytes(sections[table->header.sh_link].content);
  for (std::uint64_t offset = 0; in_bounds(offset, sizeof(Elf64_Sym), table->content.size());
       offset += sizeof(Elf64_Sym)) {
    const auto symbol = load_structure<Elf64_Sym>(table->content, offset);
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
        symbol.st_name >= out.names_.size()) {
      continue;
    }
    out.functions_.push_back({.begin = symbol.st_value, .size = symbol.st_size, .name = symbol.st_name});
  }
  std::ranges::sort(out.functions_, {}, &Function::begin);
  return out;
}

std::string FunctionNames::at(std::uint64_t address) const {
  const auto after = std::ranges::upper_bound(functions_, address, {}, &Function::begin);
  if (after == functions_.begin()) return {};
  const Function& function = *std::prev(after);
  if (address - function.begin >= std::max<std::uint64_t>(function.size, 1)) return {};
  const std::string_view rest = as_text(BytesView(names_).subspan(function.name));
  return fmt::format("{}+{:#x}", told(rest.substr(0, rest.find('\0'))), address - function.begin);
}

}  // namespace adyton
