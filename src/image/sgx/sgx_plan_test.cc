// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sgx_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "image/sgx/test_code.h"
#include "image/sgx/test_keep.h"

namespace adyton {
namespace {

SgxPlan plan_of(const Manifest& manifest, const TestKeep& keep = {}) {
  const Image image = test_sgx_image(manifest, {});
  return make_sgx_plan(image, keep.encode()).value();
}
SgxPlan test_plan() { return plan_of(test_sgx_manifest()); }

template <class T>
T structure_at(const SgxPlan& plan, std::uint64_t offset) {
  for (const SgxPages& pages : plan.pages) {
    if (offset < pages.offset || offset >= pages.offset + pages.count * 4096 || pages.content.empty()) continue;
    return load_structure<T>(pages.content, offset - pages.offset);
  }
  ADD_FAILURE() << "no content at " << offset;
  return {};
}

const SgxPages& pages_at(const SgxPlan& plan, std::uint64_t offset) {
  for (const SgxPages& pages : plan.pages) {
    if (offset >= pages.offset && offset < pages.offset + pages.count * 4096) return pages;
  }
  ADD_FAILURE() << "no pages at " << offset;
  return plan.pages[0];
}

bool nothing_at(const SgxPlan& plan, std::uint64_t offset) {
  return std::ranges::none_of(plan.pages, [&](const SgxPages& pages) {
    return offset >= pages.offset && offset < pages.offset + pages.count * 4096;
  });
}

// The values are tests/sgx/sgx_layout.py's, a second implementation, of the same files.
TEST(SgxPlan, MeasuresToKnownAnswers) {
  EXPECT_EQ(to_hex(measure_sgx_plan(test_plan())), "ea0e4cb1f9b119b04b257cb717add95cc12f55f2f409ea9e93435ff8cbea083f");
  Manifest other = test_sgx_manifest();
  other.debug = true;
  other.memory.heap_bytes = 3 << 20;
  other.sgx = {.features = {"avx", "amx"}, .threads = 5, .exception_info = true, .kss = true};
  EXPECT_EQ(to_hex(measure_sgx_plan(plan_of(other))),
            "3365ea042637635c661082d80d33c3d43f4a843df7f9d70f1cbe78e5435f4ea1");
}

// A program with a system call before which an instruction moves, one that jumps by way of padding, and a cpuid.
Image image_with_syscalls() {
  const TestCode code{.functions = {{.hex = "b8 27000000 31ff 0f05 c3"},
                                    {.hex = "31c0 0f05 c3", .gap = "cc"},
                                    {.hex = "488d3d00010000 0f05 c3"},
                                    {.hex = "0f05 c3", .signal_frame = true},
                                    {.hex = "b8 07000000 31c9 0fa2 c3"},
                                    {.hex = "c3"}},
                      .table = {}};
  return test_sgx_image(test_sgx_manifest(), {}, code.elf().encode());
}
constexpr std::uint64_t kSyscallEntry = 0x401;

// The value is tests/sgx/sgx_layout.py's, as above.
TEST(SgxPlan, MeasuresRewrittenSystemCallsToAKnownAnswer) {
  TestKeep keep;
  keep.syscall_entry = kSyscallEntry;
  const Image image = image_with_syscalls();
  const SgxPlan plan = make_sgx_plan(image, keep.encode()).value();
  EXPECT_EQ(plan.calls.rewritten.size(), 4u);
  EXPECT_EQ(plan.calls.left.size(), 1u);
  EXPECT_EQ(to_hex(measure_sgx_plan(plan)), "1b4aead6b0ad8df2e48f94cc56f95cde0d3b796c7b67a8811ce71c860cdcab09");
  // And again, for it is a function of the two files.
  EXPECT_EQ(measure_sgx_plan(make_sgx_plan(image, keep.encode()).value()), measure_sgx_plan(plan));
}

TEST(SgxPlan, PutsTrampolinesBehindTheApplication) {
  TestKeep keep;
  const Image image = image_with_syscalls();
  const SgxPlan plain = make_sgx_plan(image, keep.encode()).value();
  EXPECT_TRUE(plain.calls.rewritten.empty());
  keep.syscall_entry = kSyscallEntry;
  const SgxPlan plan = make_sgx_plan(image, keep.encode()).value();
  const auto config = structure_at<KeepConfig>(plan, 0x4000), before = structure_at<KeepConfig>(plain, 0x4000);
  EXPECT_EQ(config.app_bytes, before.app_bytes);
  EXPECT_EQ(config.heap_offset, before.heap_offset + 4096);
  const std::uint64_t trampolines = config.app_offset + config.app_bytes;
  const SgxPages& pages = pages_at(plan, trampolines);
  EXPECT_TRUE(pages.readable && pages.executable && !pages.writable && pages.extended);
  EXPECT_TRUE(nothing_at(plain, trampolines));
  EXPECT_TRUE(nothing_at(plan, trampolines + 4096));
  // The first jump leads to the first trampoline, and that one to the keep kernel.
  const std::uint64_t code = config.app_offset + TestElf::kCode;
  const auto distance_at = [&](std::uint64_t at) {
    return static_cast<std::uint64_t>(std::int64_t{structure_at<std::int32_t>(plan, at)});
  };
  EXPECT_EQ(code + 5 + distance_at(code + 1), trampolines);
  EXPECT_EQ(trampolines + 19 + distance_at(trampolines + 15), kSyscallEntry);
  EXPECT_EQ(trampolines + 14 + distance_at(trampolines + 10), code + 9);
}

TEST(SgxPlan, KeepsTheRulesOfEadd) {
  const SgxPlan plan = test_plan();
  std::uint64_t end = 0;
  for (const SgxPages& pages : plan.pages) {
    EXPECT_TRUE(pages.offset % 4096 == 0 && pages.offset >= end && pages.count > 0);
    EXPECT_TRUE(pages.content.empty() || pages.content.size() == pages.count * 4096);
    EXPECT_FALSE(pages.writable && (pages.executable || !pages.readable));
    EXPECT_EQ(pages.type == SgxPageType::kTcs, secinfo_flags(pages) == 0x100u);
    end = pages.offset + pages.count * 4096;
  }
  EXPECT_LE(end, plan.size);
  EXPECT_EQ(plan.size & (plan.size - 1), 0u);
  EXPECT_EQ(plan.tcs_offsets.size(), 10u);  // those that serve calls, and eight
}

TEST(SgxPlan, TellsTheKeepKernelWhereEverythingLies) {
  const SgxPlan plan = test_plan();
  const auto config = structure_at<KeepConfig>(plan, 0x4000);
  EXPECT_EQ(config.magic, KeepConfig::kMagic);
  EXPECT_EQ(config.enclave_bytes, plan.size);
  EXPECT_EQ(config.keep_bytes, 0x4000u);
  EXPECT_EQ(config.app_entry, TestElf::kCode);
  EXPECT_EQ(config.app_header_count, TestElf().segments.size());
  EXPECT_EQ(config.debug, 0u);
  // What it points to is what it says.
  EXPECT_EQ(structure_at<Elf64_Ehdr>(plan, config.app_offset).e_phoff, config.app_headers);
  EXPECT_EQ(as_text(pages_at(plan, config.manifest_offset).content.first(config.manifest_bytes)),
            as_text(encode_manifest(test_sgx_image(test_sgx_manifest(), {}).manifest())));
  const SgxPages& text = pages_at(plan, config.app_offset + TestElf::kCode);
  EXPECT_TRUE(text.executable && !text.writable && text.extended);
  const SgxPages& data = pages_at(plan, config.app_offset + TestElf::kData);
  EXPECT_TRUE(data.writable && !data.executable && data.extended);
  const SgxPages& zeros = pages_at(plan, config.app_offset + TestElf::kData + 0x1000);
  EXPECT_TRUE(zeros.writable && zeros.extended && zeros.content.empty());
  const SgxPages& heap = pages_at(plan, config.heap_offset);
  EXPECT_TRUE(heap.writable && !heap.extended && heap.content.empty());
  EXPECT_EQ(heap.count * 4096, config.heap_bytes);
  EXPECT_EQ(config.heap_bytes, 1u << 20);
  for (const std::uint64_t guard : {config.app_offset - 4096, config.heap_offset - 4096, config.threads_offset}) {
    EXPECT_TRUE(nothing_at(plan, guard)) << guard;
  }
}

// What a stack that overflows runs into is not in the enclave.
TEST(SgxPlan, GuardsEachStack) {
  const SgxPlan plan = test_plan();
  const auto config = structure_at<KeepConfig>(plan, 0x4000);
  EXPECT_EQ(config.stack_bytes, 64u << 10);
  EXPECT_EQ(config.stack_stride - config.stack_bytes, kStackGuardPages * 4096);
  EXPECT_EQ(config.stacks_offset, config.heap_offset + config.heap_bytes);
  EXPECT_EQ(config.threads_offset, config.stacks_offset + config.thread_count * config.stack_stride);
  for (std::uint64_t i = 0; i < config.thread_count; ++i) {
    const std::uint64_t stack = config.stacks_offset + (i + 1) * config.stack_stride - config.stack_bytes;
    const SgxPages& pages = pages_at(plan, stack);
    EXPECT_TRUE(pages.offset == stack && pages.writable && !pages.executable && !pages.extended) << i;
    EXPECT_EQ(pages.count * 4096, config.stack_bytes);
    for (std::uint64_t below = stack - kStackGuardPages * 4096; below < stack; below += 4096) {
      EXPECT_TRUE(nothing_at(plan, below)) << i;
    }
  }
}

TEST(SgxPlan, GivesEachThreadItsArea) {
  const SgxPlan plan = test_plan();
  const auto config = structure_at<KeepConfig>(plan, 0x4000);
  ASSERT_EQ(config.thread_count, plan.tcs_offsets.size());
  for (std::uint64_t i = 0; i < config.thread_count; ++i) {
    const std::uint64_t self = plan.tcs_offsets[i] - 4096;
    const auto thread = structure_at<KeepThread>(plan, self);
    EXPECT_EQ(thread.index, i);
    EXPECT_EQ(thread.self_offset, self);
    EXPECT_EQ(thread.tcs_offset, plan.tcs_offsets[i]);
    EXPECT_EQ(thread.config_offset, 0x4000u);
    const BytesView tcs = pages_at(plan, thread.tcs_offset).content;
    EXPECT_EQ(load_le<std::uint64_t>(tcs, 16), thread.ssa_offset);
    EXPECT_EQ(load_le<std::uint32_t>(tcs, 28), kSsaFrames);
    EXPECT_EQ(load_le<std::uint64_t>(tcs, 32), TestKeep::kEntry);
    EXPECT_EQ(load_le<std::uint64_t>(tcs, 48), self);
    EXPECT_EQ(load_le<std::uint64_t>(tcs, 56), self);
    EXPECT_EQ(pages_at(plan, thread.ssa_offset).count, kSsaFrames * kSsaFramePages);
    EXPECT_EQ(pages_at(plan, thread.stack_top - 1).count, kKeepStackPages);
    EXPECT_TRUE(nothing_at(plan, thread.stack_top));
    const std::uint64_t guard = thread.stack_top - kKeepStackPages * 4096 - 4096;
    EXPECT_TRUE(nothing_at(plan, guard + 4095));
    EXPECT_TRUE(nothing_at(plan, guard));
    EXPECT_EQ(pages_at(plan, guard - 1).count, kExceptionStackPages);
    EXPECT_TRUE(nothing_at(plan, guard - kExceptionStackPages * 4096 - 1));
    EXPECT_TRUE(nothing_at(plan, thread.ssa_offset + kSsaFrames * kSsaFramePages * 4096));
  }
}

TEST(SgxPlan, HasTheManifestsAttributes) {
  const SgxPlan plain = test_plan();
  EXPECT_EQ(plain.attributes, (SgxAttributes{.flags = SgxAttributes::kMode64, .xfrm = 3}));
  EXPECT_EQ(plain.misc_select, 0u);
  EXPECT_EQ(plain.product, 7);
  EXPECT_EQ(plain.svn, 3);
  Manifest manifest = test_sgx_manifest();
  manifest.debug = true;
  manifest.sgx = {.features = {"avx", "avx512", "pkru", "amx"},
                  .exception_info = true,
                  .provision_key = true,
                  .kss = true,
                  .family_id = {std::byte{1}},
                  .extended_product_id = {std::byte{2}}};
  const SgxPlan full = plan_of(manifest);
  EXPECT_EQ(full.attributes.flags,
            SgxAttributes::kMode64 | SgxAttributes::kDebug | SgxAttributes::kProvisionKey | SgxAttributes::kKss);
  EXPECT_EQ(full.attributes.xfrm, 0x602e7u);
  EXPECT_EQ(full.misc_select, 1u);
  EXPECT_EQ(full.family_id[0], std::byte{1});
  EXPECT_EQ(full.extended_product_id[0], std::byte{2});
}

TEST(SgxPlan, HonoursLargeAlignment) {
  TestElf elf;
  for (Elf64_Phdr& segment : elf.segments) {
    if (segment.p_type == PT_LOAD) segment.p_align = 0x1000;
  }
  elf.segments[0].p_align = 2 << 20;
  const Image image = test_sgx_image(test_sgx_manifest(), {}, elf.encode());
  const SgxPlan plan = make_sgx_plan(image, TestKeep().encode()).value();
  EXPECT_EQ(structure_at<KeepConfig>(plan, 0x4000).app_offset, 2u << 20);
}

TEST(SgxPlan, RefusesMoreThanFits) {
  Manifest manifest = test_sgx_manifest();
  manifest.memory.heap_bytes = 64ull << 30;
  const auto plan = make_sgx_plan(test_sgx_image(manifest, {}), TestKeep().encode());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(plan.error().message.contains("memory.heap")) << plan.error().message;
}

// A page altered, missing, moved, of other permissions, or not measured: another MRENCLAVE each.
TEST(SgxPlan, EveryChangeOfThePlanChangesItsMeasurement) {
  const SgxMeasurement before = measure_sgx_plan(test_plan());
  for (std::size_t i = 0; i < test_plan().pages.size(); ++i) {
    const auto changed = [&](auto&& change) {
      SgxPlan plan = test_plan();
      change(plan.pages[i], plan);
      return measure_sgx_plan(plan) != before;
    };
    EXPECT_TRUE(changed([](SgxPages& pages, SgxPlan&) { pages.offset += 4096; })) << i;
    EXPECT_TRUE(changed([](SgxPages& pages, SgxPlan&) {
      pages.count--;
      pages.content = {};
    })) << i;
    EXPECT_TRUE(changed([](SgxPages& pages, SgxPlan&) { pages.executable = !pages.executable; })) << i;
    EXPECT_TRUE(changed([](SgxPages& pages, SgxPlan&) { pages.extended = !pages.extended; })) << i;
    EXPECT_TRUE(changed([&](SgxPages&, SgxPlan& plan) {
      plan.pages.erase(plan.pages.begin() + static_cast<std::ptrdiff_t>(i));
    })) << i;
    if (i > 0) {
      EXPECT_TRUE(changed([&](SgxPages& pages, SgxPlan& plan) { std::swap(pages, plan.pages[0]); })) << i;
    }
    if (!test_plan().pages[i].content.empty()) {
      EXPECT_TRUE(changed([](SgxPages& pages, SgxPlan& plan) {
        for (Bytes& bytes : plan.storage) {
          if (bytes.data() == pages.content.data()) bytes.back() ^= std::byte{1};
        }
      })) << i;
    }
  }
  SgxPlan larger = test_plan();
  larger.size *= 2;
  EXPECT_NE(measure_sgx_plan(larger), before);
  larger = test_plan();
  larger.ssa_frame_pages++;
  EXPECT_NE(measure_sgx_plan(larger), before);
}

}  // namespace
}  // namespace adyton
