// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/call_sites.h"

#include <algorithm>
#include <map>

#include "image/sgx/code_map.h"
#include "image/sgx/entrances.h"

namespace adyton {
namespace {

constexpr std::uint64_t kMostMoved = 48;  // bytes

// A jump instead of the first of some instructions before a call.
struct Way {
  std::uint64_t begin = 0;
  std::vector<std::uint64_t> starts;     // of the instructions behind that, the call among them
  std::vector<std::uint64_t> distances;  // CallSite::distances
};

struct Site {
  CallKind kind = CallKind::kSyscall;
  std::uint64_t call = 0;
  const MappedFunction* function = nullptr;
  std::vector<Way> ways;  // nearest first
};

std::vector<Way> ways_of(const CodeMap& map, std::uint64_t call) {
  std::vector<Way> out;
  Way way{.begin = call, .starts = {}, .distances = {}};
  while (true) {
    const std::uint64_t before = map.before(way.begin);
    if (before == 0 || call - before > kMostMoved) return out;
    const auto instruction = decode_instruction(map.code(before));
    if (!instruction || !instruction->movable) return out;
    way.starts.insert(way.starts.begin(), way.begin);
    if (instruction->relative) way.distances.insert(way.distances.begin(), way.begin - sizeof(std::uint32_t));
    way.begin = before;
    if (call + kCallBytes - before >= kJumpBytes) out.push_back(way);
  }
}

// Runs of padding behind what never goes on: an instruction that control flow reaches follows, or the next function.
std::vector<std::uint64_t> paddings_of(const CodeMap& map) {
  std::vector<std::uint64_t> out;
  const std::vector<MappedFunction>& functions = map.functions();
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const FunctionRange& range = functions[i].range;
    if (!functions[i].sure || functions[i].jumps_anywhere) continue;
    const std::uint64_t next = functions[i].limit;
    for (std::uint64_t at = range.begin; at < next; ++at) {
      if (!map.starts(at)) continue;
      const auto instruction = decode_instruction(map.code(at));
      if (instruction->flow != Flow::kJump && instruction->flow != Flow::kEnd) continue;
      const std::uint64_t begin = at + instruction->length;
      std::uint64_t end = begin;
      while (end < next && !map.covered(end)) {
        const auto padding = decode_instruction(map.code(end));
        if (!padding || !padding->padding) break;
        end += padding->length;
      }
      if (!map.starts(end) && (end != next || end == map.region().address + map.region().bytes.size())) continue;
      for (std::uint64_t slot = begin; slot + kJumpBytes <= end; slot += kJumpBytes) out.push_back(slot);
    }
  }
  return out;
}

// Chooses for the sites of one region.
class Choice {
 public:
  Choice(const LaunchPlan& plan, const CodeMap& map) : map_(map), entrances_(plan, map.region()) {
    for (const MappedFunction& function : map.functions()) {
      for (std::uint64_t at = function.range.begin; function.sure && at < function.limit; ++at) {
        if (map.length(at) != kCallBytes) continue;
        const auto kind = call_at(map.code(at));
        if (kind) sites_.push_back({.kind = *kind, .call = at, .function = &function, .ways = ways_of(map, at)});
      }
    }
    paddings_ = paddings_of(map);
    for (const Site& site : sites_) {
      for (std::uint64_t at = site.call - kMostMoved; at < site.call + kCallBytes; ++at) entrances_.ask(at);
    }
    for (const std::uint64_t padding : paddings_) {
      for (std::uint64_t at = padding; at < padding + kJumpBytes; ++at) entrances_.ask(at);
    }
    entrances_.search();
  }

  std::vector<CallSite> sites() {
    choose([&](const Site& site) { return by_jump(site, false, false); });
    choose([&](const Site& site) { return by_padding(site); });
    choose([&](const Site& site) { return by_jump(site, true, false); });
    choose([&](const Site& site) { return by_jump(site, false, true); });
    std::vector<CallSite> out;
    for (const auto& [call, site] : chosen_) out.push_back(site);
    return out;
  }

 private:
  template <class How>
  void choose(How how) {
    for (const Site& site : sites_) {
      if (chosen_.contains(site.call)) continue;
      if (const CallSite found = how(site); found.call != 0) chosen_[site.call] = found;
    }
  }

  [[nodiscard]] bool entered(std::uint64_t address) const {
    return entrances_.found(address) || map_.near_branch_to(address);
  }

  // `several`: the jump may replace more than one instruction, if nothing leads to the others. `joined`: something
  // leads to an instruction that is left as it is, and will trap when it comes from there.
  [[nodiscard]] CallSite by_jump(const Site& site, bool several, bool joined) const {
    if (several && site.function->jumps_anywhere) return {};
    for (const Way& way : site.ways) {
      const std::uint64_t end = way.begin + kJumpBytes;
      bool taken = std::ranges::all_of(way.starts, [&](std::uint64_t start) {
        return start < end ? several && !entered(start) : joined || !entered(start);
      });
      for (std::uint64_t at = way.begin + 1; at < end; ++at) taken = taken && !entered(at);
      if (taken) return {.kind = site.kind, .call = site.call, .begin = way.begin, .distances = way.distances};
    }
    return {};
  }

  CallSite by_padding(const Site& site) {
    constexpr std::uint64_t kBack = 128, kForth = 127;
    if (entered(site.call + 1)) return {};
    const std::uint64_t end = site.call + kShortJumpBytes;
    for (std::uint64_t& padding : paddings_) {
      if (padding == 0 || padding + kBack < end || padding > end + kForth) continue;
      bool free = true;
      for (std::uint64_t at = padding; at < padding + kJumpBytes; ++at) free = free && !entered(at);
      if (free) {
        return {.kind = site.kind,
                .call = site.call,
                .begin = site.call,
                .padding = std::exchange(padding, 0),
                .distances = {}};
      }
    }
    return {};
  }

  const CodeMap& map_;
  Entrances entrances_;
  std::vector<Site> sites_;
  std::vector<std::uint64_t> paddings_;  // 0: used
  std::map<std::uint64_t, CallSite> chosen_;
};

}  // namespace

std::string_view name_of(CallKind kind) { return kind == CallKind::kSyscall ? "syscall" : "cpuid"; }

std::optional<CallKind> call_at(BytesView code) {
  if (code.size() < kCallBytes || code[0] != std::byte{0x0f}) return std::nullopt;
  if (code[1] == std::byte{0x05}) return CallKind::kSyscall;
  if (code[1] == std::byte{0xa2}) return CallKind::kCpuid;
  return std::nullopt;
}

std::size_t next_call(BytesView code, std::size_t from) {
  const std::string_view text = as_text(code);
  while ((from = text.find('\x0f', from)) != text.npos && !call_at(code.subspan(from))) ++from;
  return std::min(from, code.size());
}

CallSites find_call_sites(const LaunchPlan& plan) {
  CallSites out;
  const std::vector<FunctionRange> functions = functions_of(plan);
  for (const Region& region : plan.regions) {
    if (!region.executable) continue;
    const CodeMap map(region, functions);
    std::vector<CallSite> sites = Choice(plan, map).sites();
    const BytesView code = region.bytes;
    for (std::size_t at = next_call(code, 0); at < code.size(); at = next_call(code, at + 1)) {
      const std::uint64_t address = region.address + at;
      const bool inside = map.covered(address) && !map.starts(address);
      if (!inside && !std::ranges::binary_search(sites, address, {}, &CallSite::call))
        out.left.push_back({.kind = call_at(code.subspan(at)).value(), .call = address});
    }
    out.rewritten.insert(out.rewritten.end(), sites.begin(), sites.end());
  }
  return out;
}

}  // namespace adyton
