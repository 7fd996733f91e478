// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nvidia_report.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint8_t kSpdm11 = 0x11, kGetMeasurements = 0xe0, kMeasurements = 0x60;
constexpr std::uint8_t kSignatureAsked = 0x01, kAllMeasurements = 0xff;
constexpr std::uint8_t kDmtf = 0x01;  // DSP0274 1.1, table "Measurement block format": MeasurementSpecification, bit 0
constexpr std::size_t kRequestBytes = 37, kMostBytes = std::size_t{1} << 17, kMostFields = 256;

Result<void> expect(Cursor& cursor, std::uint8_t wanted, std::string_view what) {
  const std::uint8_t found = TRY(cursor.read_le<std::uint8_t>().within(what));
  if (found != wanted) return invalid("{} is 0x{:02x}, not 0x{:02x}", what, found, wanted);
  return {};
}

Result<std::array<std::byte, 32>> read_nonce(Cursor& cursor) {
  std::array<std::byte, 32> out;
  std::ranges::copy(TRY(cursor.read_bytes(out.size()).within("nonce")), out.begin());
  return out;
}

Result<void> read_request(Cursor& cursor, NvidiaReport& out) {
  TRY(expect(cursor, kSpdm11, "the request's SPDM version"));
  TRY(expect(cursor, kGetMeasurements, "the request's code"));
  TRY(expect(cursor, kSignatureAsked, "the request's attributes"));
  TRY(expect(cursor, kAllMeasurements, "the request's operation"));
  out.nonce = TRY(read_nonce(cursor));
  out.slot = TRY(cursor.read_le<std::uint8_t>().within("slot"));
  return {};
}

// Table "Measurement block format", with the DMTF form of a measurement within.
Result<NvidiaReport::Measurement> read_measurement(Cursor& cursor) {
  NvidiaReport::Measurement out;
  out.index = TRY(cursor.read_le<std::uint8_t>());
  if (out.index == 0) return invalid("a measurement with the index 0");
  TRY(expect(cursor, kDmtf, "a measurement's specification"));
  const std::uint16_t size = TRY(cursor.read_le<std::uint16_t>());
  Cursor block(TRY(cursor.read_bytes(size)));
  out.type = TRY(block.read_le<std::uint8_t>());
  const std::uint16_t value_size = TRY(block.read_le<std::uint16_t>());
  out.value = to_bytes(TRY(block.read_bytes(value_size)));
  TRY(block.finish());
  return out;
}

Result<void> read_record(BytesView record, unsigned blocks, NvidiaReport& out) {
  if (blocks == 0) return invalid("it has no measurements");
  Cursor cursor(record);
  for (unsigned i = 0; i < blocks; ++i)
    out.measurements.push_back(TRY(read_measurement(cursor).within("measurements")));
  TRY(cursor.finish().within("measurements"));
  std::ranges::sort(out.measurements, {}, &NvidiaReport::Measurement::index);
  const auto twice = std::ranges::adjacent_find(out.measurements, {}, &NvidiaReport::Measurement::index);
  if (twice != out.measurements.end()) return invalid("measurement {} is there twice", twice->index);
  return {};
}

Result<void> read_fields(BytesView opaque, NvidiaReport& out) {
  Cursor cursor(opaque);
  while (cursor.remaining() > 0) {
    const auto field = static_cast<NvidiaField>(TRY(cursor.read_le<std::uint16_t>()));
    const std::uint16_t size = TRY(cursor.read_le<std::uint16_t>());
    if (out.fields.size() == kMostFields) return invalid("more than {} fields", kMostFields);
    if (out.find(field)) return invalid("the field {} is there twice", name_of(field));
    const BytesView value = TRY(cursor.read_bytes(size));
    out.fields.push_back({field, to_bytes(value)});
  }
  return {};
}

Result<void> read_response(Cursor& cursor, NvidiaReport& out) {
  TRY(expect(cursor, kSpdm11, "the response's SPDM version"));
  TRY(expect(cursor, kMeasurements, "the response's code"));
  TRY(expect(cursor, 0, "the response's first parameter"));  // a count only for another operation
  TRY(expect(cursor, out.slot, "the response's slot"));
  const std::uint8_t blocks = TRY(cursor.read_le<std::uint8_t>());
  const std::uint32_t low = TRY(cursor.read_le<std::uint16_t>());
  const std::uint32_t high = TRY(cursor.read_le<std::uint8_t>());
  TRY(read_record(TRY(cursor.read_bytes(high << 16 | low).within("measurements")), blocks, out));
  out.responder_nonce = TRY(read_nonce(cursor));
  const std::uint16_t opaque_size = TRY(cursor.read_le<std::uint16_t>().within("opaque data"));
  TRY(read_fields(TRY(cursor.read_bytes(opaque_size).within("opaque data")), out).within("opaque data"));
  (void)TRY(cursor.read_bytes(NvidiaReport::kSignatureBytes).within("signature"));
  return {};
}

Result<NvidiaReport> parse(BytesView bytes) {
  if (bytes.size() > kMostBytes) return invalid("{} bytes are too many", bytes.size());
  NvidiaReport out;
  Cursor cursor(bytes);
  TRY(read_request(cursor, out));
  TRY(read_response(cursor, out));
  const BytesView rest = bytes.last(cursor.remaining());
  if (rest.size() > 1 || (rest.size() == 1 && rest[0] != std::byte{0})) {
    return invalid("{} bytes after the signature", rest.size());
  }
  out.bytes = to_bytes(bytes.first(bytes.size() - rest.size()));
  return out;
}

}  // namespace

std::string name_of(NvidiaField field) {
  switch (field) {
    case NvidiaField::kDriverVersion: return "DRIVER_VERSION";
    case NvidiaField::kGpuInfo: return "GPU_INFO";
    case NvidiaField::kVbiosVersion: return "VBIOS_VERSION";
    case NvidiaField::kNvdec0Status: return "NVDEC0_STATUS";
    case NvidiaField::kMeasurementCount: return "MSRSCNT";
    case NvidiaField::kCprInfo: return "CPRINFO";
    case NvidiaField::kBoardId: return "BOARD_ID";
    case NvidiaField::kChipSku: return "CHIP_SKU";
    case NvidiaField::kChipSkuMod: return "CHIP_SKU_MOD";
    case NvidiaField::kProject: return "PROJECT";
    case NvidiaField::kProjectSku: return "PROJECT_SKU";
    case NvidiaField::kProjectSkuMod: return "PROJECT_SKU_MOD";
    case NvidiaField::kFwid: return "FWID";
    case NvidiaField::kProtectedPcieStatus: return "PROTECTED_PCIE_STATUS";
    case NvidiaField::kSwitchPdi: return "SWITCH_PDI";
    case NvidiaField::kDisabledPorts: return "DISABLED_PORTS";
    case NvidiaField::kPositionId: return "POSITION_ID";
    case NvidiaField::kLockStatus: return "LOCK_SWITCH_STATUS";
    case NvidiaField::kSwitchGpuPdis: return "SWITCH_GPU_PDIS";
    case NvidiaField::kSysEnableStatus: return "SYS_ENABLE_STATUS";
    case NvidiaField::kOpaqueDataVersion: return "OPAQUE_DATA_VERSION";
    case NvidiaField::kChipInfo: return "CHIP_INFO";
    case NvidiaField::kFeatureFlag: return "FEATURE_FLAG";
  }
  return fmt::format("FIELD_{}", static_cast<unsigned>(field));
}

const Bytes* NvidiaReport::find(NvidiaField field) const {
  const auto found = std::ranges::find(fields, field, &Field::field);
  return found == fields.end() ? nullptr : &found->value;
}

const NvidiaReport::Measurement* NvidiaReport::find_measurement(std::uint8_t index) const {
  const auto found = std::ranges::find(measurements, index, &Measurement::index);
  return found == measurements.end() ? nullptr : &*found;
}

std::string NvidiaReport::text(NvidiaField field) const {
  const Bytes* value = find(field);
  if (!value) return {};
  return std::string(as_text(BytesView(value->begin(), std::ranges::find(*value, std::byte{0}))));
}

// A GPU has a little-endian number of 8 bytes; its upper half's last byte comes after its lower half: 00 9f 00 96 01 00
// 00 00 is 96.00.9F.00.01. A switch has the text itself.
std::string NvidiaReport::vbios_version() const {
  const Bytes* value = find(NvidiaField::kVbiosVersion);
  if (!value) return {};
  if (value->size() != 8) return text(NvidiaField::kVbiosVersion);
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>((*value)[i]); };
  return fmt::format("{:02X}.{:02X}.{:02X}.{:02X}.{:02X}", byte(3), byte(2), byte(1), byte(0), byte(4));
}

Result<NvidiaReport> parse_nvidia_report(BytesView bytes) {
  return parse(bytes).within("not an NVIDIA attestation report");
}

bool looks_like_nvidia_report(BytesView bytes) {
  constexpr std::array<std::uint8_t, 4> kRequest = {kSpdm11, kGetMeasurements, kSignatureAsked, kAllMeasurements};
  constexpr std::array<std::uint8_t, 2> kResponse = {kSpdm11, kMeasurements};
  const auto at = [&](std::size_t offset, BytesView wanted) {
    return std::ranges::equal(bytes.subspan(offset, wanted.size()), wanted);
  };
  return bytes.size() > kRequestBytes + 2 && at(0, std::as_bytes(std::span(kRequest))) &&
         at(kRequestBytes, std::as_bytes(std::span(kResponse)));
}

}  // namespace adyton
