// SPDX-License-Identifier: Apache-2.0
// Attestation reports of NVIDIA GPUs and NVSwitches: an SPDM 1.1 GET_MEASUREMENTS request with the response to it
// (DMTF DSP0274 1.1, 10.11), whose opaque data NVIDIA has filled (field numbers: NVIDIA's public verifiers, nvtrust
// "spdm_msrt_resp_msg.py" and attestation-sdk "switch_opaque_data_parser.hpp"). Form only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

// Numbers of the fields in the opaque data. Others are kept by their number.
enum class NvidiaField : std::uint16_t {
  kDriverVersion = 3,  // text, ended by a zero byte
  kGpuInfo = 4,
  kVbiosVersion = 6,       // GPU: 8 bytes, see vbios_version(); switch: text
  kNvdec0Status = 11,      // 0xaa enabled, 0x55 disabled
  kMeasurementCount = 12,  // 32-bit counters, one a measurement
  kCprInfo = 13,
  kBoardId = 14,
  kChipSku = 15,              // text
  kChipSkuMod = 16,           // text
  kProject = 17,              // text
  kProjectSku = 18,           // text
  kProjectSkuMod = 19,        // text
  kFwid = 20,                 // SHA-384 of the device's first mutable firmware
  kProtectedPcieStatus = 21,  // 0xaa enabled, 0x55 disabled
  kSwitchPdi = 22,            // identifiers of switches, 8 bytes each
  kDisabledPorts = 23,
  kPositionId = 24,
  kLockStatus = 25,
  kSwitchGpuPdis = 26,  // of a switch: identifiers of the GPUs on it
  kSysEnableStatus = 33,
  kOpaqueDataVersion = 34,
  kChipInfo = 35,     // text: "GB100"
  kFeatureFlag = 36,  // 0 single GPU, 1 several GPUs, 2 protected PCIe
};
std::string name_of(NvidiaField field);  // NVIDIA's own name without "OPAQUE_FIELD_ID_"; "FIELD_99" for an unknown one

struct NvidiaReport {
  Bytes bytes;  // request and response, exactly, up to the end of the signature
  [[nodiscard]] BytesView signed_part() const { return BytesView(bytes).first(bytes.size() - kSignatureBytes); }
  [[nodiscard]] BytesView signature() const { return BytesView(bytes).last(kSignatureBytes); }
  static constexpr std::size_t kSignatureBytes = 96;  // ECDSA with P-384, r || s

  // Request (table "GET_MEASUREMENTS request message format"): 0 version 0x11, 1 code 0xe0, 2 signature asked for,
  // 3 all measurements, 4 nonce, 36 slot.
  std::array<std::byte, 32> nonce{};
  std::uint8_t slot = 0;

  // Response (table "Successful MEASUREMENTS response message format"), from 37: version 0x11, code 0x60, 2 parameters,
  // number of blocks, length of the record, record, nonce, length of the opaque data, opaque data, signature.
  struct Measurement {
    std::uint8_t index = 0;  // from 1; NVIDIA's reference manifests count from 0
    std::uint8_t type = 0;   // DMTFSpecMeasurementValueType: bit 7 raw value instead of digest, 6 to 0 what it is of
    Bytes value;
  };
  std::vector<Measurement> measurements;  // by index, ascending
  std::array<std::byte, 32> responder_nonce{};
  struct Field {
    NvidiaField field;
    Bytes value;
  };
  std::vector<Field> fields;  // none twice

  [[nodiscard]] const Bytes* find(NvidiaField field) const;
  [[nodiscard]] const Measurement* find_measurement(std::uint8_t index) const;
  [[nodiscard]] std::string text(NvidiaField field) const;  // up to the first zero byte; empty if it is not there
  [[nodiscard]] std::string vbios_version() const;          // "96.00.9F.00.01"
};

// The bytes as the driver gives them. One zero byte after the signature is passed over: some drivers append it, and it
// is not signed. Errors: invalid: anything else that is cut short or left over, another version, no measurements, an
// index or a field twice, a block that is not DMTF's.
Result<NvidiaReport> parse_nvidia_report(BytesView bytes);

bool looks_like_nvidia_report(BytesView bytes);

// What NVIDIA's tools collect: a report with the certificates of the device, for each device.
struct NvidiaEvidence {
  struct Device {
    NvidiaReport report;
    std::vector<Certificate> certificates;  // the device's attestation key first; empty: a report alone
    // What stands beside the report, unsigned; empty where it does not.
    std::string architecture;  // "HOPPER", "BLACKWELL", "LS10"
    Bytes nonce;
    std::string driver_version, vbios_version;
  };
  std::vector<Device> devices;  // at least one
};
inline constexpr std::size_t kMaxNvidiaDevices = 64;

// Takes the JSON list of NVIDIA's tools ([{"evidence": base64 of the report, "certificate": base64 of PEM, "nonce":
// hex, "arch": ...}, ...]), or one report, as it is or in hexadecimal. Errors: invalid.
Result<NvidiaEvidence> parse_nvidia_evidence(BytesView bytes);
bool looks_like_nvidia_evidence(BytesView bytes);

}  // namespace adyton
