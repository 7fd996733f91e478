// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/runner_orders.h"

#include <gtest/gtest.h>

#include "image/elf_file.h"

namespace adyton {
namespace {

// A page of code, as many of the heap as no processor has, a thread.
SgxPlan plan_of(const Bytes& page) {
  SgxPlan out;
  out.size = 1 << 20;
  out.misc_select = 1;
  out.attributes = {.flags = SgxAttributes::kMode64 | SgxAttributes::kDebug, .xfrm = 7};
  out.app_offset = 0x3000;
  out.pages = {{.offset = 0, .count = 1, .readable = true, .executable = true, .extended = true, .content = page},
               {.offset = 0x1000, .count = 1ull << 40, .readable = true, .writable = true},
               {.offset = 0x9000, .count = 1, .type = SgxPageType::kTcs, .content = page}};
  out.tcs_offsets = {0x9000};
  return out;
}

const Bytes kPage(kPageBytes, std::byte{0x7f}), kSigstruct(100, std::byte{5});

Bytes orders(const SgxPlan& plan = plan_of(kPage)) {
  const RunnerOrders told{.fuses = Secret::copy_of(Bytes(64, std::byte{3})),
                          .strict = true,
                          .trace = 6,
                          .files = {.read = {"/data/x"}, .write = {"/out", "/out2"}}};
  return to_bytes(encode_runner_orders(told, plan, kSigstruct).expose());
}

Bytes again(const ParsedRunnerOrders& orders) {
  return to_bytes(encode_runner_orders(orders, orders.plan, orders.sigstruct).expose());
}

TEST(RunnerOrders, ComeBackAsTheyWere) {
  const Bytes encoded = orders();
  const auto parsed = parse_runner_orders(encoded);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->strict);
  EXPECT_EQ(parsed->fuses->expose().size(), 64u);
  EXPECT_EQ(parsed->trace, 6u);
  EXPECT_EQ(parsed->files.read, std::vector<std::string>{"/data/x"});
  EXPECT_EQ(parsed->files.write, (std::vector<std::string>{"/out", "/out2"}));
  EXPECT_EQ(to_bytes(parsed->sigstruct), kSigstruct);
  EXPECT_EQ(again(*parsed), encoded);
}

TEST(RunnerOrders, ThePlanThatIsLoadedIsThePlanThatWasChecked) {
  const Bytes encoded = orders();
  const SgxPlan was = plan_of(kPage);
  const auto parsed = parse_runner_orders(encoded);
  ASSERT_TRUE(parsed);
  const SgxPlan& plan = parsed->plan;
  EXPECT_EQ(plan.size, was.size);
  EXPECT_EQ(plan.ssa_frame_pages, was.ssa_frame_pages);
  EXPECT_EQ(plan.misc_select, was.misc_select);
  EXPECT_EQ(plan.attributes, was.attributes);
  EXPECT_EQ(plan.app_offset, was.app_offset);
  EXPECT_EQ(plan.tcs_offsets, was.tcs_offsets);
  ASSERT_EQ(plan.pages.size(), was.pages.size());
  for (std::size_t i = 0; i < was.pages.size(); ++i) {
    EXPECT_EQ(plan.pages[i].offset, was.pages[i].offset);
    EXPECT_EQ(plan.pages[i].count, was.pages[i].count);
    EXPECT_EQ(secinfo_flags(plan.pages[i]), secinfo_flags(was.pages[i]));
    EXPECT_EQ(plan.pages[i].extended, was.pages[i].extended);
    EXPECT_EQ(to_bytes(plan.pages[i].content), to_bytes(was.pages[i].content));
  }
}

TEST(RunnerOrders, PagesAndTheirContentFit) {
  const auto refused = [](auto change) {
    SgxPlan plan = plan_of(kPage);
    change(plan);
    return !parse_runner_orders(orders(plan));
  };
  EXPECT_FALSE(refused([](SgxPlan&) {}));
  EXPECT_TRUE(refused([](SgxPlan& plan) { plan.pages[0].content = BytesView(kPage).first(100); }));
  EXPECT_TRUE(refused([](SgxPlan& plan) { plan.pages[0].count = 2; }));
  EXPECT_TRUE(refused([](SgxPlan& plan) { plan.pages[2].content = {}; }));
  EXPECT_TRUE(refused([](SgxPlan& plan) { plan.pages[0].type = static_cast<SgxPageType>(3); }));
}

TEST(RunnerOrders, CutOffOrLengthenedAreRefused) {
  const Bytes encoded = orders();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(parse_runner_orders(BytesView(encoded).first(size))) << size;
  }
  Bytes longer = encoded;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_runner_orders(longer));
}

TEST(RunnerOrders, WithAnyBitFlippedAreRefusedOrOthers) {
  const Bytes encoded = orders();
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    if (bit % 1024 != 0 && encoded[bit / 8] == kPage[0]) continue;  // of the pages, some
    Bytes changed = encoded;
    changed[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto parsed = parse_runner_orders(changed);
    if (!parsed) continue;
    EXPECT_EQ(again(*parsed), changed) << bit;
  }
}

}  // namespace
}  // namespace adyton
