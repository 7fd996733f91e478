// SPDX-License-Identifier: Apache-2.0
// Programs of tests/keep/programs as SGX enclaves of their own, in the emulator: all from the file to EINIT.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "crypto/keys.h"
#include "crypto/test_sgx_key.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"
#include "platform/sgx/keep_program.h"
#include "platform/sgx_emulator/emulator.h"

namespace adyton {

inline constexpr std::uint32_t kKeepTestThreads = 12;

inline std::string program(std::string_view name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / ("keep_program_" + std::string(name));
}

struct Loaded {
  std::unique_ptr<SgxEnclave> enclave;
  SgxPlan plan;
  std::vector<std::uint64_t> tcs_offsets;
  std::uint64_t bytes = 0, heap_offset = 0;
};

inline Image signed_image(std::string_view name, Manifest manifest, BytesView keep = keep_program(),
                          const std::function<void(std::string&)>& change = {}) {
  std::ifstream file(program(name), std::ios::binary);
  std::string elf(std::istreambuf_iterator<char>(file), {});
  if (change) change(elf);
  manifest.name = name;
  manifest.sgx.threads = kKeepTestThreads;
  const auto image_of = [](Bytes bytes) { return Image::parse(std::move(bytes)).value(); };
  const Image image = image_of(attach_manifest(as_bytes(std::string_view(elf)), manifest).value());
  const Image kept = image_of(attach_keep(image, keep).value());
  const PrivateKey key = PrivateKey::parse_pem(kTestSgxKey).value();
  return image_of(sign_for_sgx(kept, key, 0x20261122).value());
}

inline Loaded load(const Image& image, SgxEmulatorOptions options = {}) {
  SignedSgxPlan enclave = verify_sgx_signature(image).value();
  const auto device = make_sgx_emulator(SgxFuses::make().value(), std::move(options)).value();
  Loaded out{.tcs_offsets = enclave.plan.tcs_offsets, .bytes = enclave.plan.size};
  out.enclave = load_sgx_enclave(*device, enclave.plan, enclave.sigstruct).value();
  const auto heap = std::ranges::max_element(enclave.plan.pages, {}, &SgxPages::count);
  EXPECT_FALSE(heap->extended);
  out.heap_offset = heap->offset;
  out.plan = std::move(enclave.plan);
  return out;
}

}  // namespace adyton
