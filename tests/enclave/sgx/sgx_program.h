// SPDX-License-Identifier: Apache-2.0
// adyton_sgx_probe as an SGX enclave in the emulator: signed, launched, and what it printed.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/keys.h"
#include "crypto/test_sgx_key.h"
#include "emulated_instructions.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/keep_program.h"
#include "platform/sgx_emulator/emulator.h"

namespace adyton::testing {

inline Manifest example_manifest() {
  Manifest out{.name = "self"};
  out.product = 7;
  out.svn = 3;
  out.memory.heap_bytes = 64 << 20;
  return out;
}

inline PrivateKey test_signer() { return PrivateKey::parse_pem(kTestSgxKey).value(); }

inline Image signed_program(const Manifest& manifest, const PrivateKey& signer) {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "adyton_sgx_probe";
  std::ifstream file(path, std::ios::binary);
  const std::string elf(std::istreambuf_iterator<char>(file), {});
  const auto image_of = [](Bytes bytes) { return Image::parse(std::move(bytes)).value(); };
  const Image plain = image_of(attach_manifest(as_bytes(std::string_view(elf)), manifest).value());
  const Image kept = image_of(attach_keep(plain, keep_program()).value());
  return image_of(sign_for_sgx(kept, signer, 0x20261122).value());
}

// Its lines, by their first words.
using Printed = std::map<std::string, std::string>;

inline Printed run_program(const Image& image, const SgxFuses& fuses, std::vector<std::string> arguments = {}) {
  const SignedSgxPlan enclave = verify_sgx_signature(image).value();
  const auto device = make_sgx_emulator(copy_of(fuses)).value();
  const auto loaded = load_sgx_enclave(*device, enclave.plan, enclave.sigstruct).value();
  const int output = memfd_create("output", MFD_CLOEXEC);
  arguments.insert(arguments.begin(), "self");
  const auto end = run_keep(*loaded, enclave.plan.tcs_offsets,
                            {.arguments = std::move(arguments),
                             .environment = {"ADYTON_BOOT=heap=33554432;stack=1048576;secret=0"},
                             .streams = {.output = output, .error = 2}});
  EXPECT_TRUE(end && end->status == 0 && end->signal == 0)
      << (end ? fmt::format("status {}, signal {}", end->status, end->signal) : end.error().message);
  std::string text(1 << 16, '\0');
  const ssize_t count = pread(output, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  close(output);
  Printed out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    out[line.substr(0, space)] = line.substr(space + 1);
  }
  return out;
}

}  // namespace adyton::testing
