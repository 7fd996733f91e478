// SPDX-License-Identifier: Apache-2.0
#include "image/symbols.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "image/elf_file.h"
#include "image/manifest_rules.h"

namespace adyton {
namespace {

// Itanium C++ ABI, 5.1: adyton::detail::Served<...>::kText and adyton::detail::UsedHost<...>::kText.
constexpr std::string_view kServed = "_ZN6adyton6detail6ServedI";
constexpr std::string_view kUsedHost = "_ZN6adyton6detail8UsedHostI";
constexpr std::string_view kText = "E5kTextE";
constexpr std::string_view kOwnCalls = "adyton.";

constexpr std::size_t kMaxSymbolNameBytes = 64 << 10;
constexpr std::size_t kMaxTexts = 4 * kMaxManifestEntries;

using Structures = std::map<std::string, std::string>;  // by name

// glibc's start-up code relocates a static-PIE by calling this function. crt1.o, made for programs at a fixed address,
// brings one that only returns; rcrt1.o, which -static-pie links, leaves libc's in place.
constexpr std::string_view kRelocator = "_dl_relocate_static_pie";

Result<bool> only_returns(const Elf64_Sym& symbol, const LaunchPlan& plan) {
  constexpr std::uint8_t kReturn[] = {0xc3}, kLandAndReturn[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xc3};
  const auto starts_with = [](BytesView code, std::span<const std::uint8_t> expected) {
    return std::ranges::equal(code.first(std::min(code.size(), expected.size())), std::as_bytes(expected));
  };
  const Region* region = find_region(plan.regions, symbol.st_value, 1, true);
  if (!region) return invalid("symbol {} is not loaded", kRelocator);
  const BytesView code = region->bytes.subspan(symbol.st_value - region->address);
  return starts_with(code, kReturn) || starts_with(code, kLandAndReturn);
}

std::string_view symbol_name(BytesView names, std::uint64_t offset) {
  if (offset >= names.size()) return {};
  const std::string_view rest = as_text(names.subspan(offset));
  return rest.substr(0, std::min(rest.substr(0, kMaxSymbolNameBytes).find('\0'), rest.size()));
}

bool starts_with(BytesView names, std::uint64_t offset, std::string_view prefix) {
  return offset < names.size() && as_text(names.subspan(offset)).starts_with(prefix);
}

Result<Method> read_method(const Elf64_Sym& symbol, const LaunchPlan& plan) {
  const BytesView content = TRY(loaded_bytes(plan.regions, symbol.st_value, symbol.st_size));
  std::string_view text = as_text(content);
  if (text.ends_with('\0')) text.remove_suffix(1);
  const std::size_t open = std::min(text.find('('), text.size());
  Method method{std::string(text.substr(0, open)), std::string(text.substr(open))};
  TRY(check_method(method));
  return method;
}

Result<void> add(Structures& structures, Method method) {
  if (method.name.starts_with(kOwnCalls)) return {};
  const auto [known, added] = structures.emplace(method.name, method.structure);
  if (!added && known->second != method.structure) {
    return invalid("{} is declared twice, as {} and as {}: give one of them another name", method.name, known->second,
                   method.structure);
  }
  return {};
}

std::vector<Method> methods_of(const Structures& structures) {
  std::vector<Method> out;
  for (const auto& [name, structure] : structures) out.push_back({name, structure});
  return out;
}

}  // namespace

Result<ProgramSymbols> read_symbols(const std::vector<Section>& sections, const LaunchPlan& plan) {
  const auto table = std::ranges::find(sections, Elf64_Word{SHT_SYMTAB},
                                       [](const Section& section) { return section.header.sh_type; });
  if (table == sections.end()) return invalid("it has no symbols: link it without -s; strip after signing");
  if (table->header.sh_entsize != sizeof(Elf64_Sym) || table->header.sh_link >= sections.size()) {
    return invalid("a malformed symbol table");
  }
  const BytesView names = sections[table->header.sh_link].content;
  ProgramSymbols out;
  Structures calls, host_calls;
  std::size_t texts = 0;
  for (std::uint64_t offset = 0; in_bounds(offset, sizeof(Elf64_Sym), table->content.size());
       offset += sizeof(Elf64_Sym)) {
    const auto symbol = load_structure<Elf64_Sym>(table->content, offset);
    const bool served = starts_with(names, symbol.st_name, kServed);
    const bool used = starts_with(names, symbol.st_name, kUsedHost);
    const bool relocator = starts_with(names, symbol.st_name, kRelocator);
    if (symbol.st_shndx == SHN_UNDEF || (!served && !used && !relocator)) continue;
    const std::string_view name = symbol_name(names, symbol.st_name);
    if (name == kRelocator) out.wrong_start_file = TRY(only_returns(symbol, plan));
    if (relocator || ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || !name.ends_with(kText)) continue;
    if (++texts > kMaxTexts) return invalid("more than {} calls", kMaxTexts);
    Method method = TRY(read_method(symbol, plan).within(name));
    TRY(add(served ? calls : host_calls, std::move(method)));
  }
  out.calls = methods_of(calls);
  out.host_calls = methods_of(host_calls);
  return out;
}

}  // namespace adyton
