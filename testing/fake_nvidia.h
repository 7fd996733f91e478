// SPDX-License-Identifier: Apache-2.0
// NVIDIA devices for tests: reports, the certificates and lists that come with them, reference manifests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include "testing/fake_pki.h"

namespace adyton::testing {

struct FakeNvidiaReport {
  Bytes nonce = Bytes(32, std::byte{0x11});
  std::vector<Bytes> measurements = std::vector<Bytes>(64, Bytes(48, std::byte{0}));
  std::vector<std::pair<std::uint16_t, Bytes>> fields;  // of the opaque data, in this order
};

// A report as a GPU of the driver 550.1 and the VBIOS 96.00.9F.00.01 with this firmware would give: measurement i is i
// repeated.
FakeNvidiaReport fake_gpu_report(const Bytes& firmware_id);

// Request and response, signed with a P-384 key.
Bytes fake_nvidia_report(const FakeNvidiaReport& report, const SigningKey& key);

// Root, device and attestation key, the last with the device's and firmware's identity in its certificate, in the older
// form (CompositeDeviceID) or the newer (DiceTcbInfo).
struct FakeNvidiaDevice {
  FakeCa root, device;
  FakeIdentity attestation;
  [[nodiscard]] std::string pem() const;
};
struct FakeNvidiaOptions {
  bool newer = false;
  FakeOptions leaf;
  std::optional<Bytes> device_spki;  // another than the device's
};
FakeNvidiaDevice fake_nvidia_device(const Bytes& firmware_id, const FakeNvidiaOptions& options = {});

// One entry of the list that NVIDIA's tools write.
std::string fake_nvidia_entry(BytesView report, const FakeNvidiaDevice& device, const Bytes& nonce);

// A manifest with these active values (index from 0: alternatives), signed by an identity under `root`.
struct FakeRim {
  std::string version = "550.1", chip = "GH100";
  std::map<unsigned, std::vector<Bytes>> values;
  std::string signed_extra;    // put into the document before it is signed: canonical XML
  std::string unsigned_extra;  // likewise after
};
std::string fake_nvidia_rim(const FakeRim& rim, FakeCa& root);

}  // namespace adyton::testing
