// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/call_sites.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "image/sgx/test_code.h"

namespace adyton {
namespace {

constexpr std::uint64_t kFirst = TestElf::kCode, kSecond = kFirst + TestCode::kEach;
constexpr CallEntries kEntries{.syscall = std::uint64_t(-0x200000), .cpuid = std::uint64_t(-0x1fff00)};
constexpr std::string_view kPadding = "cc";  // what a jump may stand in; of itself there is none

LaunchPlan plan_of(const TestElf& elf) { return make_launch_plan(elf.encode(), {}).value(); }

CallSites sites_of(const TestElf& elf) {
  const LaunchPlan plan = plan_of(elf);
  CallSites out = find_call_sites(plan);
  EXPECT_EQ(problem_of(plan, out), "");
  return out;
}
// Of these functions, and an empty one behind them.
CallSites sites_of(std::vector<TestFunction> functions, std::string_view table = "") {
  functions.push_back({.hex = "c3"});
  return sites_of(TestCode{.functions = std::move(functions), .table = TestCode::bytes_of(table)}.elf());
}

// Exactly one site, of the first function.
void expect_jump(const CallSites& sites, std::uint64_t begin, std::uint64_t call) {
  ASSERT_EQ(sites.rewritten.size(), 1u);
  EXPECT_EQ(sites.rewritten[0].begin, kFirst + begin);
  EXPECT_EQ(sites.rewritten[0].call, kFirst + call);
  EXPECT_EQ(sites.rewritten[0].padding, 0u);
  EXPECT_TRUE(sites.left.empty());
}
void expect_padding(const CallSites& sites, std::uint64_t call, std::uint64_t padding) {
  ASSERT_EQ(sites.rewritten.size(), 1u);
  EXPECT_EQ(sites.rewritten[0].begin, kFirst + call);
  EXPECT_EQ(sites.rewritten[0].call, kFirst + call);
  EXPECT_EQ(sites.rewritten[0].padding, kFirst + padding);
  EXPECT_TRUE(sites.left.empty());
}
void expect_left(const CallSites& sites, std::uint64_t call) {
  EXPECT_TRUE(sites.rewritten.empty());
  EXPECT_EQ(sites.left, std::vector<LeftCall>{{.call = kFirst + call}});
}

TEST(CallSites, TheInstructionBeforeMakesRoom) {
  expect_jump(sites_of({{.hex = "b8 27000000 0f05 c3"}}), 0, 5);
  expect_jump(sites_of({{.hex = "90 b8 27000000 31ff 4989ca 0f05 c3"}}), 1, 11);
  expect_jump(sites_of({{.hex = "53 4c8b4c2408 0f05 5b c3"}}), 1, 6);
  // The nearest that is long enough.
  expect_jump(sites_of({{.hex = "b8 27000000 bf 01000000 0f05 c3"}}), 5, 10);
}

TEST(CallSites, PaddingMakesRoomWhereNoInstructionDoes) {
  expect_padding(sites_of({{.hex = "31c0 0f05 c3", .gap = kPadding}}), 2, 5);
  expect_padding(sites_of({{.hex = "85c0 740a 31c0 0f05 c3 0f1f440000 31c0 c3"}}), 6, 9);  // within it
  expect_left(sites_of({{.hex = "31c0 0f05 c3 90909090"}}), 2);                            // four bytes
  expect_left(sites_of({{.hex = "31c0 0f05 c3 0f1f440000 8d"}}), 2);                       // no code behind it
  // Padding that is executed is none.
  expect_left(sites_of({{.hex = "31c0 0f05 0f1f440000 c3"}}), 2);
}

TEST(CallSites, EachPaddingIsUsedOnce) {
  const CallSites sites = sites_of({{.hex = "31c0 0f05 0f05 c3 0f1f440000 9090 660f1f440000", .gap = "66900f0b"}});
  EXPECT_EQ(sites.rewritten.size() + sites.left.size(), 2u);
  const CallSites roomy = sites_of({{.hex = "31c0 0f05 0f05 c3", .gap = kPadding}});
  ASSERT_EQ(roomy.rewritten.size(), 2u);
  EXPECT_EQ(roomy.rewritten[0].padding, kFirst + 7);
  EXPECT_EQ(roomy.rewritten[1].padding, kFirst + 12);
}

TEST(CallSites, SeveralInstructionsMakeRoomIfNothingLeadsToThem) {
  constexpr std::string_view kHex = "4531d2 31c0 0f05 c3";
  expect_jump(sites_of({{.hex = kHex}}), 0, 5);
  expect_jump(sites_of({{.hex = "4489e0 0f05 c3"}}), 0, 3);
  expect_jump(sites_of({{.hex = "31ff 31c0 90 0f05 c3"}}), 2, 5);
  expect_left(sites_of({{.hex = kHex, .has_handlers = true}}), 5);
  expect_left(sites_of({{.hex = "85c0 7402 ffe0 4531d2 31c0 0f05 c3"}}), 11);  // an indirect jump
  // A branch to the second, near and far, from within and from another function.
  expect_left(sites_of({{.hex = "7403 4531d2 31c0 0f05 c3"}}), 7);
  expect_left(sites_of({{.hex = kHex}, {.hex = "ebc1 c3"}}), 5);
  expect_left(sites_of({{.hex = kHex}, {.hex = "e8beffffff c3"}}), 5);
  expect_left(sites_of({{.hex = kHex}, {.hex = "488d05bcffffff c3"}}), 5);
  // An entry of a table that a function computes the address of: 0x2300 + -0x12fd.
  constexpr std::string_view kSwitch = "488d1db9120000 c3";
  expect_left(sites_of({{.hex = kHex}, {.hex = kSwitch}}, "41edffff 03edffff"), 5);
  expect_jump(sites_of({{.hex = kHex}, {.hex = kSwitch}}, "41edffff 00edffff"), 0, 5);
  expect_jump(sites_of({{.hex = kHex}, {.hex = kSwitch}}, "41edff7f 03edffff"), 0, 5);
  // A relocation.
  TestElf elf = TestCode{.functions = {{.hex = kHex}}, .table = {}}.elf();
  elf.relocations[0].r_addend = kFirst + 3;
  expect_left(sites_of(elf), 5);
}

TEST(CallSites, NothingMayLeadIntoWhatIsReplaced) {
  constexpr std::string_view kHex = "b8 27000000 0f05 c3";
  const auto with = [&](std::string_view other) { return sites_of({{.hex = kHex}, {.hex = other}}); };
  expect_jump(with("ebbe c3"), 0, 5);     // to its begin
  expect_left(with("ebbf c3"), 5);        // to its second byte
  expect_left(with("ebc2 c3"), 5);        // to its fifth
  expect_left(with("e9bfffffff c3"), 5);  // to its fourth, from further away
  // Not if these bytes are surely part of another instruction.
  constexpr std::string_view kHidden = "b8 ebbf9090 c3";
  expect_jump(with(kHidden), 0, 5);
  expect_left(sites_of({{.hex = kHex}, {.hex = kHidden, .in_tables = false}}), 5);
  // To the syscall itself: that one traps, the others do not.
  expect_jump(sites_of({{.hex = "7405 b8 27000000 0f05 c3"}}), 2, 7);
  // Unless there is padding, and then none does.
  expect_padding(sites_of({{.hex = "7405 b8 27000000 0f05 c3", .gap = kPadding}}), 7, 10);
  // Into the syscall, or into the padding.
  expect_left(sites_of({{.hex = "31c0 0f05 c3"}, {.hex = "ebc1 c3"}}), 2);
}

TEST(CallSites, NeighboursThatDoNotMoveStay) {
  const auto sites = [](std::string_view hex) { return sites_of({{.hex = hex}}); };
  expect_left(sites("8b3d10000000 0f05 c3"), 6);      // memory by the instruction pointer
  expect_left(sites("488b8600010000 0f05 c3"), 7);    // memory that may not be there
  expect_left(sites("e800000000 0f05 c3"), 5);        // a call
  expect_left(sites("0f05 483d01f0ffff c3"), 0);      // nothing before it
  expect_left(sites("b8 27000000 8b07 0f05 c3"), 7);  // beyond one that does not move
  const CallSites computed = sites("31c0 488d3d10000000 0f05 c3");
  expect_jump(computed, 2, 9);
  EXPECT_EQ(computed.rewritten[0].distances, std::vector<std::uint64_t>{kFirst + 5});
}

TEST(CallSites, TwoCloseTogetherBothMove) {
  const CallSites sites = sites_of({{.hex = "b8 27000000 0f05 b8 18000000 0f05 c3"}});
  ASSERT_EQ(sites.rewritten.size(), 2u);
  EXPECT_EQ(sites.rewritten[0].begin, kFirst);
  EXPECT_EQ(sites.rewritten[1].begin, kFirst + 7);
}

TEST(CallSites, OnlyWhatIsSurelyCodeCounts) {
  constexpr std::string_view kHex = "b8 27000000 0f05 c3";
  expect_left(sites_of({{.hex = kHex, .in_tables = false}}), 5);
  expect_left(sites_of({{.hex = kHex, .signal_frame = true}}), 5);
  expect_left(sites_of({{.hex = "c3 b8 27000000 0f05 c3"}}), 6);       // never reached: may be data
  expect_left(sites_of({{.hex = "7409 b8 27000000 0f05 c3 d5"}}), 7);  // what is reached is not understood
  expect_left(sites_of({{.hex = "7401 48b8 2700000000000000 b8 01000000 0f05 c3"}}), 17);  // instructions that overlap
  // Part of another instruction: none at all.
  const CallSites inside = sites_of({{.hex = "b8 000f0500 c3"}, {.hex = "31c0 c3"}});
  EXPECT_TRUE(inside.rewritten.empty() && inside.left.empty());
  // Behind a function's end, if it goes on there; but not behind a call that does not come back.
  expect_jump(sites_of({{.hex = kHex, .bytes = 5}}), 0, 5);
  expect_left(sites_of({{.hex = "ffd0 b8 27000000 0f05 c3", .bytes = 2}}), 7);
}

TEST(CallSites, AtTheVeryEndOfASegment) {
  TestElf elf = TestCode{.functions = {{.hex = "b8 27000000 0f05"}}, .table = {}}.elf();
  elf.code.resize(7);
  elf.segments[TestElf::kText].p_filesz = elf.segments[TestElf::kText].p_memsz = 7;
  expect_jump(sites_of(elf), 0, 5);
  elf.code.resize(6);
  elf.segments[TestElf::kText].p_filesz = elf.segments[TestElf::kText].p_memsz = 6;
  const CallSites cut = sites_of(elf);
  EXPECT_TRUE(cut.rewritten.empty() && cut.left.empty());
}

TEST(CallSites, WithoutTablesAllAreLeft) {
  EXPECT_EQ(sites_of(TestElf()).left, std::vector<LeftCall>{{.call = kFirst + 7}});
  EXPECT_TRUE(sites_of(TestElf()).rewritten.empty());
}

TEST(CallSites, BecomeJumpsAndTrampolines) {
  const TestElf elf = TestCode{
      .functions = {{.hex = "b8 27000000 31ff 0f05 c3"}, {.hex = "31c0 0f05 c3", .gap = "cc"}, {.hex = "c3"}},
      .table = {}}.elf();
  const LaunchPlan plan = plan_of(elf);
  const RewrittenProgram program = rewrite_calls(plan, find_call_sites(plan).rewritten, 0x100000, kEntries);
  const auto code_at = [&](std::uint64_t address, std::size_t size) {
    return to_hex(BytesView(program.code[TestElf::kText]).subspan(address - TestElf::kCode, size));
  };
  EXPECT_EQ(code_at(kFirst, 10),
            "e9fbef0f00"
            "31ff0f05c3");
  EXPECT_EQ(code_at(kSecond, 10),
            "31c0"
            "eb01"
            "c3"
            "e9d6ef0f00");
  EXPECT_EQ(to_hex(program.trampolines),
            "b827000000"
            "31ff"
            "488d0dfb0ff0ff"
            "e9edffcfff"
            "cccccccccccccccccccccccccc"
            "488d0d1d10f0ff"
            "e9d4ffcfff"
            "cccccccc");
  EXPECT_EQ(trampoline_bytes(find_call_sites(plan).rewritten), program.trampolines.size());
}

// `cpuid` is found, moved and left as `syscall` is, whatever stands around it, and goes on by rdx to an entry of its
// own.
TEST(CallSites, CpuidIsRewrittenLikewise) {
  const auto expect = [](const CallSites& sites, std::uint64_t begin, std::uint64_t call, std::uint64_t padding) {
    ASSERT_EQ(sites.rewritten.size(), 1u);
    EXPECT_EQ(sites.rewritten[0].kind, CallKind::kCpuid);
    EXPECT_EQ(sites.rewritten[0].begin, kFirst + begin);
    EXPECT_EQ(sites.rewritten[0].call, kFirst + call);
    EXPECT_EQ(sites.rewritten[0].padding, padding == 0 ? 0 : kFirst + padding);
    EXPECT_TRUE(sites.left.empty());
  };
  expect(sites_of({{.hex = "b8 07000000 31c9 0fa2 c3"}}), 0, 7, 0);
  expect(sites_of({{.hex = "8b07 8b4f04 0fa2 c3", .gap = kPadding}}), 5, 5, 8);
  expect(sites_of({{.hex = "4531d2 31c0 0fa2 c3"}}), 0, 5, 0);
  const std::vector<LeftCall> left{{.kind = CallKind::kCpuid, .call = kFirst + 2}};
  EXPECT_EQ(sites_of({{.hex = "31c0 0fa2 c3"}}).left, left);
  EXPECT_EQ(sites_of({{.hex = "31c0 0fa2 c3", .in_tables = false, .gap = kPadding}}).left, left);
  // One does not move for the other; with a prefix it is another instruction, of three bytes.
  const CallSites both = sites_of({{.hex = "b8 01000000 0fa2 89d0 0f05 c3"}});
  ASSERT_EQ(both.rewritten.size(), 1u);
  EXPECT_EQ(both.rewritten[0].call, kFirst + 5);
  EXPECT_EQ(both.left, std::vector<LeftCall>{{.call = kFirst + 9}});
  EXPECT_TRUE(sites_of({{.hex = "b8 01000000 660fa2 c3"}}).rewritten.empty());

  const TestElf elf = TestCode{
      .functions = {{.hex = "b8 07000000 31c9 0fa2 c3"}, {.hex = "b8 27000000 0f05 c3"}, {.hex = "c3"}},
      .table = {}}.elf();
  const LaunchPlan plan = plan_of(elf);
  const RewrittenProgram program = rewrite_calls(plan, find_call_sites(plan).rewritten, 0x100000, kEntries);
  EXPECT_EQ(to_hex(program.trampolines),
            "b807000000"
            "31c9"
            "488d15fb0ff0ff"
            "e9ed00d0ff"
            "cccccccccccccccccccccccccc"
            "b827000000"
            "488d0d1b10f0ff"
            "e9cfffcfff"
            "cccccccccccccccccccccccccccccc");
}

TEST(CallSites, ComputedAddressesStayTheSame) {
  const TestElf elf = TestCode{.functions = {{.hex = "31c0 488d3d10000000 0f05 c3"}}, .table = {}}.elf();
  const LaunchPlan plan = plan_of(elf);
  const RewrittenProgram program = rewrite_calls(plan, find_call_sites(plan).rewritten, 0x100000, {});
  const auto distance = static_cast<std::int32_t>(load_le<std::uint32_t>(program.trampolines, 3));
  EXPECT_EQ(0x100000 + 7 + distance, static_cast<std::int64_t>(kFirst + 9 + 0x10));
}

// Any bit of code and tables changed, any number of their bytes missing: what is found is sound, or nothing.
TEST(CallSites, SurviveAnyFile) {
  const TestCode code{.functions = {{.hex = "b8 27000000 0f05 7403 4531d2 4489e0 0f05 c3"},
                                    {.hex = "31c0 0f05 e8b0ffffff 488d1db9120000 c3", .has_handlers = true},
                                    {.hex = "53 4c8b4c2408 0f05 5b b8 07000000 31c9 0fa2 ffe0"}},
                      .table = TestCode::bytes_of("41edffff 03edffff")};
  const Bytes file = code.elf().encode();
  const auto try_file = [](const Bytes& bytes) {
    const auto plan = make_launch_plan(bytes, {});
    if (plan) {
      EXPECT_EQ(problem_of(*plan, find_call_sites(*plan)), "");
    }
  };
  const std::uint64_t code_end = TestElf::kCode + 3 * TestCode::kEach, frames_end = TestCode::kFrames + 200;
  for (std::uint64_t at = TestElf::kCode; at < frames_end; at = at + 1 == code_end ? TestCode::kTable : at + 1) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = file;
      changed[at] ^= std::byte{1} << bit;
      try_file(changed);
    }
  }
  for (std::uint64_t cut = 0; cut < 3 * TestCode::kEach; ++cut) {
    TestElf shorter = code.elf();
    shorter.segments[TestElf::kText].p_filesz -= cut;
    try_file(shorter.encode());
  }
  for (std::uint64_t cut = 0; cut < 0x240; ++cut) {
    TestElf shorter = code.elf();
    shorter.segments[TestElf::kReadOnly].p_filesz -= cut;
    shorter.segments.back().p_filesz = shorter.segments.back().p_memsz = 0;
    try_file(shorter.encode());
  }
}

}  // namespace
}  // namespace adyton
