// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/dice.h"

#include <array>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::array<std::uint8_t, 6> kTcbInfo = {0x67, 0x81, 0x05, 0x05, 0x04, 0x01};          // 2.23.133.5.4.1
constexpr std::array<std::uint8_t, 7> kTcbInfoBelow = {0x67, 0x81, 0x05, 0x05, 0x04, 0x01, 1};  // 2.23.133.5.4.1.1
constexpr der::Tag kFirmwareIds = der::context_constructed(6);  // DiceTcbInfo: fwids [6] IMPLICIT FWIDLIST

// FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }, its contents.
Result<Bytes> read_firmware_id(der::Reader reader) {
  TRY(reader.object_identifier("hashAlg"));
  Bytes out = to_bytes(TRY(reader.contents(der::kOctetString, "digest")));
  TRY(reader.end("FWID"));
  return out;
}

Result<DiceIdentity> read_composite(der::Reader reader) {
  DiceIdentity out;
  const std::uint64_t version = TRY(reader.small_integer("version"));
  if (version != 1) return invalid("version {}", version);
  out.issuer_spki = to_bytes(TRY(reader.element(der::kSequence, "deviceID")).whole);
  out.firmware_id = TRY(read_firmware_id(TRY(reader.enter(der::kSequence, "fwid"))));
  TRY(reader.end("CompositeDeviceID"));
  return out;
}

Result<DiceIdentity> read_tcb_info(der::Reader reader) {
  DiceIdentity out;
  while (!reader.at_end()) {
    const der::Element element = TRY(reader.any("DiceTcbInfo"));
    if (element.tag != kFirmwareIds) continue;
    der::Reader list(element.contents);
    out.firmware_id = TRY(read_firmware_id(TRY(list.enter(der::kSequence, "fwids"))));
  }
  if (out.firmware_id.empty()) return invalid("it has no firmware identity (fwids)");
  return out;
}

Result<DiceIdentity> read(BytesView extension) {
  der::Reader reader(extension);
  const der::Reader contents = TRY(reader.enter(der::kSequence, "TcbInfo"));
  TRY(reader.end("TcbInfo"));
  if (contents.next_is(der::kInteger)) return read_composite(contents);
  return read_tcb_info(contents);
}

}  // namespace

Result<std::optional<DiceIdentity>> dice_identity_of(const Certificate& certificate) {
  auto extension = certificate.extension(std::as_bytes(std::span(kTcbInfo)));
  if (!extension) extension = certificate.extension(std::as_bytes(std::span(kTcbInfoBelow)));
  if (!extension) return std::nullopt;
  return TRY(read(*extension).within("the extension 2.23.133.5.4.1"));
}

}  // namespace adyton
