// SPDX-License-Identifier: Apache-2.0
// ECREATE, EADD, EEXTEND and EINIT, and what each refuses.
#include <functional>

#include "test_enclave.h"

namespace adyton::sgx {
namespace {

std::string refusal(const SgxPlan& plan, const Sigstruct& signature, SgxEmulatorOptions options = {}) {
  const auto device = test_device(std::move(options));
  const auto loaded = load_sgx_enclave(*device, plan, signature);
  return loaded ? "loaded" : loaded.error().message;
}

#define EXPECT_IN(part, text) EXPECT_NE(std::string(text).find(part), std::string::npos) << text

TEST(SgxEmulatorLaunch, TakesWhatWasSigned) {
  const SgxPlan plan = TestPlan::make();
  EXPECT_EQ(refusal(plan, TestPlan::sign(plan)), "loaded");
}

TEST(SgxEmulatorLaunch, EinitRefusesOtherPages) {
  const Sigstruct signature = TestPlan::sign(TestPlan::make());
  struct Change {
    const char* name;
    std::function<void(SgxPlan&)> apply;
  };
  for (const Change& change : {
           Change{"altered", [](SgxPlan& plan) { plan.storage[0].back() ^= std::byte{1}; }},
           Change{"missing", [](SgxPlan& plan) { plan.pages.erase(plan.pages.begin() + 2); }},
           Change{
               "added",
               [](SgxPlan& plan) { plan.pages.push_back({.offset = TestPlan::kGap, .count = 1, .readable = true}); }},
           Change{"reordered", [](SgxPlan& plan) { std::swap(plan.pages[1], plan.pages[2]); }},
           Change{"permissions", [](SgxPlan& plan) { plan.pages[2].writable = true; }},
           Change{"elsewhere", [](SgxPlan& plan) { plan.pages[2].offset = TestPlan::kGap; }},
           Change{"not extended", [](SgxPlan& plan) { plan.pages[2].extended = false; }},
           Change{"larger", [](SgxPlan& plan) { plan.size *= 2; }},
           Change{"frames", [](SgxPlan& plan) { plan.ssa_frame_pages = 2; }},
       }) {
    SgxPlan plan = TestPlan::make();
    change.apply(plan);
    EXPECT_IN("SGX_INVALID_MEASUREMENT", refusal(plan, signature)) << change.name;
  }
}

// Every run of pages, and every way in which one can be another: nothing that was added is left out of the measurement.
TEST(SgxEmulatorLaunch, EinitRefusesAnyOtherPage) {
  const Sigstruct signature = TestPlan::sign(TestPlan::make());
  struct Change {
    const char* name;
    std::function<bool(SgxPlan&, std::size_t)> apply;  // false: this run has nothing to change so
  };
  const auto flip = [](SgxPlan& plan, std::size_t run, std::size_t offset) {
    if (!plan.pages[run].extended || plan.pages[run].type == SgxPageType::kTcs) return false;
    plan.storage[run][offset % plan.storage[run].size()] ^= std::byte{0x80};
    return true;
  };
  for (const Change& change : {
           Change{"first byte", [&](SgxPlan& plan, std::size_t run) { return flip(plan, run, 0); }},
           Change{"a byte of the second chunk", [&](SgxPlan& plan, std::size_t run) { return flip(plan, run, 256); }},
           Change{"last byte", [&](SgxPlan& plan, std::size_t run) { return flip(plan, run, ~std::size_t{0}); }},
           Change{"missing",
                  [](SgxPlan& plan, std::size_t run) {
                    plan.pages.erase(plan.pages.begin() + static_cast<std::ptrdiff_t>(run));
                    return true;
                  }},
           Change{"one page less",
                  [](SgxPlan& plan, std::size_t run) {
                    if (plan.pages[run].count == 1) return false;
                    --plan.pages[run].count;
                    plan.pages[run].content = plan.pages[run].content.first(plan.pages[run].count * 4096);
                    return true;
                  }},
           Change{"after the next",
                  [](SgxPlan& plan, std::size_t run) {
                    if (run + 1 == plan.pages.size()) return false;
                    std::swap(plan.pages[run], plan.pages[run + 1]);
                    return true;
                  }},
           Change{"writable or not",
                  [](SgxPlan& plan, std::size_t run) {
                    SgxPages& pages = plan.pages[run];
                    if (pages.type == SgxPageType::kTcs) return false;
                    pages.writable = !pages.writable;
                    return true;
                  }},
           Change{"executable or not",
                  [](SgxPlan& plan, std::size_t run) {
                    SgxPages& pages = plan.pages[run];
                    if (pages.type == SgxPageType::kTcs) return false;
                    pages.executable = !pages.executable;
                    return true;
                  }},
           Change{"not readable",
                  [](SgxPlan& plan, std::size_t run) {
                    SgxPages& pages = plan.pages[run];
                    if (pages.type == SgxPageType::kTcs || pages.writable) return false;
                    pages.readable = false;
                    return true;
                  }},
           Change{"measured or not",
                  [](SgxPlan& plan, std::size_t run) {
                    plan.pages[run].extended = !plan.pages[run].extended;
                    return true;
                  }},
           Change{"a TCS or not",
                  [](SgxPlan& plan, std::size_t run) {
                    if (plan.pages[run].type != SgxPageType::kTcs) return false;
                    plan.pages[run].type = SgxPageType::kRegular;
                    return true;
                  }},
           Change{"a TCS with more frames",
                  [](SgxPlan& plan, std::size_t run) {
                    if (plan.pages[run].type != SgxPageType::kTcs) return false;
                    plan.storage[run][28] = std::byte{3};
                    return true;
                  }},
       }) {
    int applied = 0;
    for (std::size_t run = 0; run < TestPlan::make().pages.size(); ++run) {
      SgxPlan plan = TestPlan::make();
      if (!change.apply(plan, run)) continue;
      ++applied;
      EXPECT_IN("SGX_INVALID_MEASUREMENT", refusal(plan, signature)) << change.name << " of run " << run;
    }
    EXPECT_GT(applied, 0) << change.name;
  }
}

TEST(SgxEmulatorLaunch, EinitRefusesOtherAttributes) {
  const Sigstruct signature = TestPlan::sign(TestPlan::make());
  SgxPlan debug = TestPlan::make();
  debug.attributes.flags |= SgxAttributes::kDebug;
  EXPECT_IN("SGX_INVALID_ATTRIBUTE", refusal(debug, signature));
  EXPECT_EQ(refusal(debug, TestPlan::sign(debug)), "loaded");
  SgxPlan misc = TestPlan::make();
  misc.misc_select = 0;
  EXPECT_IN("SGX_INVALID_ATTRIBUTE", refusal(misc, signature));
}

TEST(SgxEmulatorLaunch, EinitRefusesOtherSignatures) {
  const SgxPlan plan = TestPlan::make();
  const Sigstruct good = TestPlan::sign(plan);
  // A byte of each part: header, measurement, modulus, signature, Q1.
  for (const std::size_t offset :
       {std::size_t{1}, std::size_t{961}, std::size_t{130}, std::size_t{520}, std::size_t{1050}}) {
    Sigstruct changed = good;
    changed.bytes[offset] ^= std::byte{1};
    const std::string message = refusal(plan, changed);
    EXPECT_TRUE(message.contains("SGX_INVALID_SIG_STRUCT") || message.contains("SGX_INVALID_SIGNATURE")) << message;
  }
  // And every part of the structure, at one byte of each eleven.
  for (std::size_t offset = 0; offset < kSigstructBytes; offset += 11) {
    Sigstruct changed = good;
    changed.bytes[offset] ^= std::byte{0x10};
    const std::string message = refusal(plan, changed);
    EXPECT_TRUE(message.contains("SGX_INVALID_SIG_STRUCT") || message.contains("SGX_INVALID_SIGNATURE"))
        << offset << ": " << message;
  }
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kSigstructBytes - 1, kSigstructBytes + 1}) {
    Sigstruct changed = good;
    changed.bytes.resize(bytes);
    EXPECT_IN("SGX_INVALID_SIG_STRUCT", refusal(plan, changed)) << bytes;
  }
  SgxSignedFields other = signed_fields(plan, 0x20261122);
  other.measurement[0] ^= std::byte{1};
  EXPECT_IN("SGX_INVALID_MEASUREMENT", refusal(plan, TestPlan::sign(other)));
}

TEST(SgxEmulatorLaunch, LaunchIsForWhomTheDeviceSays) {
  SgxPlan plan = TestPlan::make();
  EXPECT_IN("SGX_INVALID_EINITTOKEN", refusal(plan, TestPlan::sign(plan), {.launch_signer = SgxMeasurement{}}));
  EXPECT_EQ(refusal(plan, TestPlan::sign(plan), {.launch_signer = TestPlan::sign(plan).signer}), "loaded");
  plan.attributes.flags |= SgxAttributes::kProvisionKey;
  EXPECT_IN("provisioning", refusal(plan, TestPlan::sign(plan)));
  EXPECT_EQ(refusal(plan, TestPlan::sign(plan), {.provisioning = true}), "loaded");
}

TEST(SgxEmulatorLaunch, EcreateAndEaddRefuseWhatTheProcessorDoes) {
  struct Change {
    const char* reason;
    std::function<void(SgxPlan&)> apply;
  };
  const Sigstruct signature = TestPlan::sign(TestPlan::make());
  for (const Change& change : {
           Change{"power of two", [](SgxPlan& plan) { plan.size += 4096; }},
           Change{"power of two", [](SgxPlan& plan) { plan.size = 4096; }},
           Change{"without x87", [](SgxPlan& plan) { plan.attributes.xfrm = 2; }},
           Change{"lacks components 0x4000000000000000 (XFRM 0x4000000000000003)",
                  [](SgxPlan& plan) { plan.attributes.xfrm |= 1ull << 62; }},
           Change{"64-bit", [](SgxPlan& plan) { plan.attributes.flags = 0; }},
           Change{"ATTRIBUTES", [](SgxPlan& plan) { plan.attributes.flags |= 8; }},
           Change{"ATTRIBUTES", [](SgxPlan& plan) { plan.attributes.flags |= SgxAttributes::kInit; }},
           Change{"AEX-Notify", [](SgxPlan& plan) { plan.attributes.flags |= SgxAttributes::kAexNotify; }},
           Change{"MISCSELECT", [](SgxPlan& plan) { plan.misc_select = 2; }},
           Change{"SSAFRAMESIZE", [](SgxPlan& plan) { plan.ssa_frame_pages = 0; }},
           Change{"not within", [](SgxPlan& plan) { plan.pages[2].offset = TestPlan::kSize; }},
           Change{"not within", [](SgxPlan& plan) { plan.pages[2].offset += 1; }},
           Change{"not within", [](SgxPlan& plan) { plan.pages[2].count = ~0ull / 4096; }},
           Change{"already a page", [](SgxPlan& plan) { plan.pages[2].offset = 0; }},
           Change{"not readable", [](SgxPlan& plan) { plan.pages[1].readable = false; }},
           Change{"with permissions", [](SgxPlan& plan) { plan.pages[3].readable = true; }},
           Change{"reserved bytes", [](SgxPlan& plan) { plan.storage[3].back() = std::byte{1}; }},
           Change{"TCS.FLAGS", [](SgxPlan& plan) { plan.storage[3][8] = std::byte{2}; }},
           Change{"TCS.STATE", [](SgxPlan& plan) { plan.storage[3][0] = std::byte{1}; }},
           Change{"TCS.CSSA", [](SgxPlan& plan) { plan.storage[3][24] = std::byte{1}; }},
           Change{"TCS.OSSA", [](SgxPlan& plan) { plan.storage[3][16] = std::byte{1}; }},
           Change{"OFSBASE", [](SgxPlan& plan) { plan.storage[3][48] = std::byte{1}; }},
       }) {
    SgxPlan plan = TestPlan::make();
    change.apply(plan);
    EXPECT_IN(change.reason, refusal(plan, signature));
  }
}

TEST(SgxEmulatorLaunch, NothingIsEnteredBeforeEinitNorAddedAfter) {
  const SgxPlan plan = TestPlan::make();
  const auto device = test_device();
  auto enclave = *device->create(plan);
  for (const SgxPages& pages : plan.pages) ASSERT_TRUE(enclave->add(pages));
  EXPECT_IN("not initialised", enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {}).error().message);
  ASSERT_TRUE(enclave->initialise(TestPlan::sign(plan)));
  EXPECT_IN("already", enclave->initialise(TestPlan::sign(plan)).error().message);
  EXPECT_IN("is initialised", enclave->add({.offset = TestPlan::kGap, .count = 1, .readable = true}).error().message);
}

TEST(SgxEmulatorLaunch, MeasuresAsThePlanDoes) {
  // EINIT compares the two folds; here, that they are one for every kind of page and not by chance.
  const SgxPlan plan = TestPlan::make();
  EXPECT_EQ(TestPlan::sign(plan).fields.measurement, measure_sgx_plan(plan));
}

}  // namespace
}  // namespace adyton::sgx
