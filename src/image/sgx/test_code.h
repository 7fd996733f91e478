// SPDX-License-Identifier: Apache-2.0
// A TestElf of functions made byte by byte, with the tables that say where they begin and end.
#pragma once

#include <string_view>

#include "image/launch_plan.h"
#include "image/sgx/trampolines.h"
#include "image/test_elf.h"

namespace adyton {

struct TestFunction {
  std::string_view hex;       // its bytes; spaces do not count
  bool has_handlers = false;  // with landing pads
  bool signal_frame = false;  // a signal handler's way back
  bool in_tables = true;
  std::uint64_t bytes = 0;      // as the tables have it; 0: all of them
  std::string_view gap = "00";  // what fills the place up to the next
};

// Each begins at a multiple of 64 from TestElf::kCode on.
struct TestCode {
  static constexpr std::uint64_t kEach = 64, kTable = TestElf::kConstants + 0x300, kFrames = kTable + 0x40;
  std::vector<TestFunction> functions;
  Bytes table;  // up to 64 bytes at kTable

  static std::uint64_t address(std::size_t function) { return TestElf::kCode + function * kEach; }

  TestElf elf() const {
    TestElf out;
    out.code.clear();
    for (std::size_t i = 0; i < functions.size(); ++i) {
      append(out.code, bytes_of(functions[i].hex));
      const Bytes gap = bytes_of(functions[i].gap);
      while (out.code.size() < (i + 1) * kEach) append(out.code, gap);
      out.code.resize((i + 1) * kEach);
    }
    out.constants = table;
    out.constants.resize(kFrames - kTable);
    append(out.constants, frames());
    out.segments[TestElf::kText].p_filesz = out.segments[TestElf::kText].p_memsz = out.code.size();
    Elf64_Phdr& constants = out.segments[TestElf::kReadOnly];
    constants.p_filesz = constants.p_memsz = 0x300 + out.constants.size();
    out.segments.push_back({.p_type = PT_GNU_EH_FRAME,
                            .p_flags = PF_R,
                            .p_offset = kFrames,
                            .p_vaddr = kFrames,
                            .p_filesz = frames().size(),
                            .p_memsz = frames().size()});
    for (Elf64_Rela& relocation : out.relocations) relocation.r_addend = 0;
    return out;
  }

  static Bytes bytes_of(std::string_view hex) {
    std::string digits(hex);
    std::erase(digits, ' ');
    return parse_hex(digits).value();
  }

 private:
  // .eh_frame_hdr, then .eh_frame: a CIE and an FDE for each function.
  Bytes frames() const {
    std::size_t count = 0;
    for (const TestFunction& function : functions) count += function.in_tables ? 1 : 0;
    Bytes header, entries;
    const std::uint64_t frames_at = kFrames + 12 + count * 8;
    append(header, bytes_of("011b033b"));
    append_le(header, static_cast<std::uint32_t>(frames_at - kFrames - 4));
    append_le(header, static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < functions.size(); ++i) {
      const TestFunction& function = functions[i];
      if (!function.in_tables) continue;
      const std::uint64_t cie = frames_at + entries.size();
      std::string_view common = "00000000 01 7a5200 01 78 10 01 1b 0c0708 90010000";
      if (function.has_handlers) common = "00000000 01 7a504c5200 01 78 10 07 9b 00000000 1b 1b 000000";
      if (function.signal_frame) common = "00000000 01 7a525300 01 78 10 01 1b 0c0708 900100";
      add_entry(entries, bytes_of(common));
      const std::uint64_t fde = frames_at + entries.size();
      append_le(header, static_cast<std::uint32_t>(address(i) - kFrames));
      append_le(header, static_cast<std::uint32_t>(fde - kFrames));
      Bytes entry;
      append_le(entry, static_cast<std::uint32_t>(fde + 4 - cie));
      append_le(entry, static_cast<std::uint32_t>(address(i) - (fde + 8)));
      const std::uint64_t bytes = function.bytes != 0 ? function.bytes : bytes_of(function.hex).size();
      append_le(entry, static_cast<std::uint32_t>(bytes));
      append(entry, bytes_of("00000000"));
      add_entry(entries, entry);
    }
    append(header, entries);
    return header;
  }
  static void add_entry(Bytes& out, BytesView content) {
    append_le(out, static_cast<std::uint32_t>(content.size()));
    append(out, content);
  }
};

// What is wrong with these sites of this program, in words; empty: nothing. Holds for any program.
inline std::string problem_of(const LaunchPlan& plan, const CallSites& sites) {
  constexpr std::uint64_t kTrampolines = 0x10000000;
  const RewrittenProgram program = rewrite_calls(
      plan, sites.rewritten, kTrampolines, {.syscall = std::uint64_t(-0x100000), .cpuid = std::uint64_t(-0x200000)});
  if (program.trampolines.size() != trampoline_bytes(sites.rewritten)) return "trampolines of another size";
  std::uint64_t last = 0;
  std::size_t changed = 0, may_change = 0;
  for (const CallSite& site : sites.rewritten) {
    const auto found = loaded_bytes(plan.regions, site.call, kCallBytes);
    if (!found || call_at(*found) != site.kind) return "a site without its instruction";
    const Region* region = find_region(plan.regions, site.call, kCallBytes, true);
    if (!region->executable) return "a site in data";
    if (site.begin < last || site.begin > site.call) return "sites that overlap or do not ascend";
    if (site.padding == 0 && site.begin == site.call) return "a site without room";
    last = site.call + kCallBytes;
    if (site.padding == 0 && site.begin + kJumpBytes > last) return "a jump beyond its instruction";
    may_change += kJumpBytes + (site.padding != 0 ? kCallBytes : 0);
    for (const std::uint64_t distance : site.distances) {
      if (distance < site.begin || distance + 4 > site.call) return "a distance that does not move";
    }
  }
  for (std::size_t i = 0; i < plan.regions.size(); ++i) {
    if (!plan.regions[i].executable) continue;
    if (program.code[i].size() != plan.regions[i].bytes.size()) return "code of another size";
    for (std::size_t at = 0; at < program.code[i].size(); ++at)
      changed += program.code[i][at] != plan.regions[i].bytes[at];
  }
  return changed <= may_change ? "" : "more changed than the sites";
}

}  // namespace adyton
