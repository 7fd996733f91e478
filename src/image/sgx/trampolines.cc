// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/trampolines.h"

#include "base/cursor.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::byte kJump{0xe9}, kShortJump{0xeb}, kTrap{0xcc};
// lea distance(%rip), %rcx and %rdx: what each instruction sets and does not read.
constexpr std::string_view kLoadRcx = "\x48\x8d\x0d", kLoadRdx = "\x48\x8d\x15";
constexpr std::uint64_t kAlignment = 16, kDistance = 4, kLoadBytes = kLoadRcx.size() + kDistance;

std::uint64_t size_of(const CallSite& site) {
  const std::uint64_t size = site.call - site.begin + kLoadBytes + kJumpBytes;
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

// The distance of a jump, whose last byte is at `end` - 1, or of a computed address.
std::uint32_t distance(std::uint64_t end, std::uint64_t target) { return static_cast<std::uint32_t>(target - end); }

void put_jump(std::span<std::byte> code, std::uint64_t address, std::uint64_t target) {
  code[0] = kJump;
  store_le(code, 1, distance(address + kJumpBytes, target));
}

// A program's code by address.
class Program {
 public:
  explicit Program(const LaunchPlan& plan) : plan_(plan) {
    for (const Region& region : plan.regions) code_.push_back(to_bytes(region.executable ? region.bytes : BytesView()));
  }
  std::span<std::byte> at(std::uint64_t address, std::uint64_t size) {
    const Region* region = find_region(plan_.regions, address, size, true);
    Bytes& code = code_[static_cast<std::size_t>(region - plan_.regions.data())];
    return std::span(code).subspan(address - region->address, size);
  }
  std::vector<Bytes> take() && { return std::move(code_); }

 private:
  const LaunchPlan& plan_;
  std::vector<Bytes> code_;
};

// The moved instructions, then where to go on, in rcx as a `syscall` would leave it or in rdx, then the keep kernel.
void append_trampoline(Bytes& out, Program& program, const CallSite& site, std::uint64_t address,
                       const CallEntries& entries) {
  const bool syscall = site.kind == CallKind::kSyscall;
  const std::uint64_t start = out.size(), here = address + start;
  append(out, program.at(site.begin, site.call - site.begin));
  for (const std::uint64_t at : site.distances) {
    const std::uint64_t moved = at - site.begin;
    const auto old = static_cast<std::int32_t>(load_le<std::uint32_t>(out, start + moved));
    const std::uint64_t target = at + kDistance + static_cast<std::uint64_t>(std::int64_t{old});
    store_le(std::span(out), start + moved, distance(here + moved + kDistance, target));
  }
  append(out, as_bytes(syscall ? kLoadRcx : kLoadRdx));
  append_le(out, distance(address + out.size() + kDistance, site.call + kCallBytes));
  out.resize(out.size() + kJumpBytes);
  const std::uint64_t jump = out.size() - kJumpBytes;
  put_jump(std::span(out).subspan(jump), address + jump, syscall ? entries.syscall : entries.cpuid);
  out.resize(start + size_of(site), kTrap);
}

}  // namespace

std::uint64_t trampoline_bytes(const std::vector<CallSite>& sites) {
  std::uint64_t out = 0;
  for (const CallSite& site : sites) out += size_of(site);
  return out;
}

RewrittenProgram rewrite_calls(const LaunchPlan& plan, const std::vector<CallSite>& sites, std::uint64_t address,
                               const CallEntries& entries) {
  Program program(plan);
  RewrittenProgram out;
  out.trampolines.reserve(trampoline_bytes(sites));
  for (const CallSite& site : sites) {
    const std::uint64_t trampoline = address + out.trampolines.size();
    append_trampoline(out.trampolines, program, site, address, entries);
    const std::uint64_t jump = site.padding != 0 ? site.padding : site.begin;
    put_jump(program.at(jump, kJumpBytes), jump, trampoline);
    if (site.padding == 0) continue;
    const auto call = program.at(site.call, kShortJumpBytes);
    call[0] = kShortJump;
    call[1] = static_cast<std::byte>(site.padding - (site.call + kShortJumpBytes));
  }
  out.code = std::move(program).take();
  return out;
}

}  // namespace adyton
