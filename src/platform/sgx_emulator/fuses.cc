// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/fuses.h"

#include <algorithm>

#include "base/cbor.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "platform/private_file.h"

namespace adyton {
namespace {

constexpr std::string_view kFileName = "sgx-emulated-fuses";
constexpr std::string_view kFormat = "adyton-sgx-emulated-fuses-1";
constexpr std::size_t kBytes = 16;

Result<BytesView> read_sized(cbor::Reader& reader) {
  const BytesView bytes = TRY(reader.read_bytes());
  if (bytes.size() != kBytes) return invalid("a value of {} bytes, not {}", bytes.size(), kBytes);
  return bytes;
}

}  // namespace

// The file: a deterministic CBOR array of format, device secret, seal secret, owner epoch and half a report key id.
Secret SgxFuses::encode() const {
  Bytes encoded = cbor::Writer()
                      .array(5)
                      .text(kFormat)
                      .bytes(device.expose())
                      .bytes(seal.expose())
                      .bytes(owner_epoch)
                      .bytes(report_key_id_high)
                      .encoded();
  Secret out = Secret::copy_of(encoded);
  wipe(encoded);
  return out;
}

Result<SgxFuses> SgxFuses::decode(BytesView encoded) {
  cbor::Reader reader(encoded);
  TRY(reader.read_array_head(5));
  if (TRY(reader.read_text()) != kFormat) return invalid("unknown format");
  SgxFuses out;
  out.device = Secret::copy_of(TRY(read_sized(reader)));
  out.seal = Secret::copy_of(TRY(read_sized(reader)));
  std::ranges::copy(TRY(read_sized(reader)), out.owner_epoch.begin());
  std::ranges::copy(TRY(read_sized(reader)), out.report_key_id_high.begin());
  TRY(reader.finish());
  return out;
}

Result<SgxFuses> SgxFuses::make() {
  SgxFuses out;
  out.device = Secret(kBytes);
  out.seal = Secret(kBytes);
  TRY(random_bytes(out.device.expose_mutable()));
  TRY(random_bytes(out.seal.expose_mutable()));
  TRY(random_bytes(out.owner_epoch));
  TRY(random_bytes(out.report_key_id_high));
  return out;
}

Result<SgxFuses> SgxFuses::open(const std::filesystem::path& folder) {
  const PrivateFolder files = TRY(PrivateFolder::open(folder).within("the fuses of emulated SGX"));
  auto contents = TRY(files.read(kFileName));
  if (!contents) {
    // Two at once: one of them wins, and both go on with what the winner made.
    TRY(files.add(kFileName, TRY(make()).encode().expose()));
    contents = TRY(files.read(kFileName));
    if (!contents) return io_error("{} disappeared", (folder / kFileName).string());
  }
  return decode(contents->expose())
      .within((folder / kFileName).string() +
              " is damaged (put a copy back; without one, what emulated enclaves sealed is lost)");
}

}  // namespace adyton
