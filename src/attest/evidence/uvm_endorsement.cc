// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/uvm_endorsement.h"

#include "attest/json.h"
#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr cbor::Rules kRules{.deterministic = false, .max_depth = 8};
constexpr std::int64_t kX5Chain = 33;  // RFC 9360, 2
constexpr std::size_t kMaxBytes = 64 * 1024, kMaxCertificates = 8;
constexpr std::string_view kMeasurement = "x-ms-sevsnpvm-launchmeasurement", kSvn = "x-ms-sevsnpvm-guestsvn";

Result<void> read_chain(cbor::Reader& reader, UvmEndorsement& out) {
  const auto on_certificate = [&]() -> Result<void> {
    if (out.chain.size() == kMaxCertificates) return invalid("more than {} certificates", kMaxCertificates);
    out.chain.push_back(TRY(Certificate::parse(TRY(reader.read_bytes()))));
    return {};
  };
  return reader.read_array(on_certificate);
}

Result<void> read_headers(UvmEndorsement& out) {
  cbor::Reader reader(out.message.protected_headers, kRules);
  const auto on_header = [&](const cbor::Key& key) -> Result<void> {
    if (key == kCoseAlgorithm) {
      out.algorithm = TRY(reader.read_integer());
    } else if (key == kX5Chain) {
      TRY(read_chain(reader, out));
    } else if (key == "iss") {
      out.issuer = TRY(reader.read_text());
    } else if (key == "feed") {
      out.feed = TRY(reader.read_text());
    } else {
      TRY(reader.read_item());
    }
    return {};
  };
  TRY(reader.read_map(on_header));
  if (out.chain.size() < 2) return invalid("its certificates are missing");
  return {};
}

Result<UvmEndorsement> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("{} bytes are too many", bytes.size());
  UvmEndorsement out;
  out.message = TRY(parse_cose_sign1(bytes, kRules));
  if (!out.message.payload) return invalid("its payload is missing");
  TRY(read_headers(out));
  const auto json = TRY(parse_json(as_text(*out.message.payload), {.bytes = kMaxBytes, .depth = 4}));
  const std::string* measurement = find_string(json, kMeasurement.data());
  if (!measurement) return invalid("\"{}\" is missing", kMeasurement);
  out.launch_measurement = TRY(parse_hex(*measurement));
  if (out.launch_measurement.size() != 48) return invalid("a measurement of {} bytes", out.launch_measurement.size());
  if (const std::string* svn = find_string(json, kSvn.data())) out.guest_svn = *svn;
  return out;
}

}  // namespace

Result<UvmEndorsement> parse_uvm_endorsement(BytesView bytes) { return parse(bytes).within("not a UVM endorsement"); }

bool looks_like_uvm_endorsement(BytesView bytes) {
  return bytes.size() <= kMaxBytes && bytes.size() > 2 &&
         (bytes[0] == std::byte{0xd2} || bytes[0] == std::byte{0x84}) && as_text(bytes).contains(kMeasurement);
}

}  // namespace adyton
