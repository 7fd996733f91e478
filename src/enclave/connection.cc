// SPDX-License-Identifier: Apache-2.0
#include "enclave/connection.h"

#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "image/manifest.h"

namespace adyton {
namespace {

// Where a launcher leaves the channel: descriptor 3, said by ADYTON_CHANNEL=3.
constexpr int kChannelDescriptor = 3;
constexpr std::string_view kChannelValue = "3";
constexpr std::size_t kLeastChannelBytes = 4096;
constexpr std::size_t kLargestChannelBytes = std::size_t{64} << 30;

Result<Connection> connect_by_environment() {
  // Read when static constructors run or later, and never written by this program.
  const char* channel = std::getenv("ADYTON_CHANNEL");
  if (channel == nullptr) {
    return unavailable("this is an Adyton enclave; run it with: adyton run FILE");
  }
  if (channel != kChannelValue) return invalid("ADYTON_CHANNEL is \"{}\", not \"{}\"", channel, kChannelValue);
  const auto& measured = measured_enclave();
  if (!measured) return measured.error();
  auto memory = TRY(SharedMemory::open(Descriptor(kChannelDescriptor), kLeastChannelBytes, kLargestChannelBytes));
  return connect(std::move(memory), *measured ? &**measured : nullptr);
}

// On SGX the host is believed in nothing that the enclave knows by itself.
Result<Identity> checked_identity(const BootInfo& boot, const MeasuredEnclave& measured) {
  if (!boot.backend.starts_with("sgx")) {
    return invalid("the host says that this is the back-end \"{}\", but it is an SGX enclave", boot.backend);
  }
  if (boot.manifest != measured.manifest || boot.image != measured.identity.image) {
    return untrusted("the host passed another manifest or image than the one this enclave was measured with");
  }
  return measured.identity;
}

Result<Identity> believed_identity(const BootInfo& boot) {
  const Manifest manifest = TRY(parse_manifest(boot.manifest).within("the manifest the host passed is malformed"));
  return Identity{.image = boot.image,
                  .signer = boot.signer,
                  .name = manifest.name,
                  .product = manifest.product,
                  .svn = manifest.svn,
                  .debug = manifest.debug};
}

}  // namespace

Result<Connection> connect(SharedMemory memory, const MeasuredEnclave* measured) {
  // The limits are in what the host says, which is behind an endpoint: one to read it, one to work with.
  BootInfo boot;
  {
    const auto probe = TRY(Endpoint::open_enclave(memory.alias()));
    boot = TRY(parse_boot(probe->boot()));
  }
  ChannelLimits limits;
  limits.message_bytes = boot.message_bytes;
  limits.spin = std::chrono::microseconds(boot.spin_us);
  Connection out;
  out.endpoint = TRY(Endpoint::open_enclave(std::move(memory), limits));
  out.identity = TRY(measured != nullptr ? checked_identity(boot, *measured) : believed_identity(boot));
  out.boot = std::move(boot);
  return out;
}

const Result<Connection>& connection() {
  // Never destroyed: threads and static destructors may use it to the last.
  static const auto& shared = *new Result<Connection>(connect_by_environment());
  return shared;
}

}  // namespace adyton
