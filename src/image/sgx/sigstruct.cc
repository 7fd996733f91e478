// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sigstruct.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"
#include "crypto/crypto.h"
#include "crypto/rsa3072.h"

namespace adyton {
namespace {

// SDM 3D, "Layout of Enclave Signature Structure (SIGSTRUCT)".
constexpr std::size_t kHeader = 0, kVendor = 16, kDate = 20, kHeader2 = 24, kSoftwareDefined = 40, kReserved1 = 44,
                      kModulus = 128, kExponent = 512, kSignature = 516, kMiscSelect = 900, kMiscMask = 904,
                      kCetAttributes = 908, kCetMask = 909, kReserved2 = 910, kFamilyId = 912, kAttributes = 928,
                      kAttributeMask = 944, kMeasurement = 960, kReserved3 = 992, kExtendedProductId = 1008,
                      kProduct = 1024, kSvn = 1026, kReserved4 = 1028, kQ1 = 1040, kQ2 = 1424;
static_assert(kQ2 + kRsa3072Bytes == kSigstructBytes);

constexpr std::size_t kSignedStart = kMiscSelect, kSignedEnd = kReserved4;  // and what is before kModulus
constexpr std::uint32_t kIntel = 0x8086;

using Field = std::array<std::byte, 16>;
constexpr Field bytes16(std::array<unsigned, 16> values) {
  Field out{};
  std::ranges::transform(values, out.begin(), [](unsigned value) { return static_cast<std::byte>(value); });
  return out;
}
constexpr Field kHeaderIs = bytes16({6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0});
constexpr Field kHeader2Is = bytes16({1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0});

void store(std::span<std::byte> out, std::size_t offset, BytesView bytes) {
  std::ranges::copy(bytes, out.subspan(offset, bytes.size()).begin());
}

template <std::size_t N>
void load(BytesView bytes, std::size_t offset, std::array<std::byte, N>& out) {
  std::ranges::copy(bytes.subspan(offset, N), out.begin());
}

void store(std::span<std::byte> out, std::size_t offset, const SgxAttributes& attributes) {
  store_le(out, offset, attributes.flags);
  store_le(out, offset + 8, attributes.xfrm);
}

SgxAttributes load_attributes(BytesView bytes, std::size_t offset) {
  return {.flags = load_le<std::uint64_t>(bytes, offset), .xfrm = load_le<std::uint64_t>(bytes, offset + 8)};
}

Bytes reversed(BytesView bytes) { return Bytes(bytes.rbegin(), bytes.rend()); }
Bytes load_number(BytesView bytes, std::size_t offset) { return reversed(bytes.subspan(offset, kRsa3072Bytes)); }
void store_number(std::span<std::byte> out, std::size_t offset, BytesView number) {
  store(out, offset, reversed(number));
}

// The structure without key, signature and what follows from them.
Bytes encode_fields(const SgxSignedFields& fields) {
  Bytes out(kSigstructBytes);
  store(out, kHeader, kHeaderIs);
  store_le(out, kVendor, fields.vendor);
  store_le(out, kDate, fields.date);
  store(out, kHeader2, kHeader2Is);
  store_le(out, kSoftwareDefined, fields.software_defined);
  store_le(out, kMiscSelect, fields.misc_select);
  store_le(out, kMiscMask, fields.misc_mask);
  store_le(out, kCetAttributes, fields.cet_attributes);
  store_le(out, kCetMask, fields.cet_attribute_mask);
  store(out, kFamilyId, fields.family_id);
  store(out, kAttributes, fields.attributes);
  store(out, kAttributeMask, fields.attribute_mask);
  store(out, kMeasurement, fields.measurement);
  store(out, kExtendedProductId, fields.extended_product_id);
  store_le(out, kProduct, fields.product);
  store_le(out, kSvn, fields.svn);
  return out;
}

SgxSignedFields load_fields(BytesView bytes) {
  SgxSignedFields out;
  out.date = load_le<std::uint32_t>(bytes, kDate);
  out.vendor = load_le<std::uint32_t>(bytes, kVendor);
  out.software_defined = load_le<std::uint32_t>(bytes, kSoftwareDefined);
  out.misc_select = load_le<std::uint32_t>(bytes, kMiscSelect);
  out.misc_mask = load_le<std::uint32_t>(bytes, kMiscMask);
  out.cet_attributes = load_le<std::uint8_t>(bytes, kCetAttributes);
  out.cet_attribute_mask = load_le<std::uint8_t>(bytes, kCetMask);
  out.attributes = load_attributes(bytes, kAttributes);
  out.attribute_mask = load_attributes(bytes, kAttributeMask);
  load(bytes, kMeasurement, out.measurement);
  load(bytes, kFamilyId, out.family_id);
  load(bytes, kExtendedProductId, out.extended_product_id);
  out.product = load_le<std::uint16_t>(bytes, kProduct);
  out.svn = load_le<std::uint16_t>(bytes, kSvn);
  return out;
}

Bytes signed_part(BytesView structure) {
  Bytes out = to_bytes(structure.first(kModulus));
  append(out, structure.subspan(kSignedStart, kSignedEnd - kSignedStart));
  return out;
}

// What EINIT answers with SGX_INVALID_SIG_STRUCT.
Result<void> check_form(BytesView bytes) {
  if (bytes.size() != kSigstructBytes) return invalid("{} bytes, not {}", bytes.size(), kSigstructBytes);
  if (!std::ranges::equal(bytes.subspan(kHeader, 16), kHeaderIs)) return invalid("HEADER is another one");
  if (!std::ranges::equal(bytes.subspan(kHeader2, 16), kHeader2Is)) return invalid("HEADER2 is another one");
  const auto vendor = load_le<std::uint32_t>(bytes, kVendor);
  if (vendor != 0 && vendor != kIntel) return invalid("VENDOR {:#x}: 0 and {:#x} are possible", vendor, kIntel);
  if (load_le<std::uint32_t>(bytes, kExponent) != 3) return invalid("EXPONENT is not 3");
  constexpr std::pair<std::size_t, std::size_t> kReserved[] = {
      {kReserved1, kModulus}, {kReserved2, kFamilyId}, {kReserved3, kExtendedProductId}, {kReserved4, kQ1}};
  for (const auto& [start, end] : kReserved) {
    if (!all_zero(bytes.subspan(start, end - start))) return invalid("reserved bytes at {} that are not zero", start);
  }
  constexpr Field kNone{};
  const SgxSignedFields fields = load_fields(bytes);
  const bool kss = (fields.attributes.flags & SgxAttributes::kKss) != 0;
  if (!kss && (fields.family_id != kNone || fields.extended_product_id != kNone)) {
    return invalid("ISVFAMILYID or ISVEXTPRODID without ATTRIBUTES.KSS");
  }
  return {};
}

Result<Sigstruct> read_sigstruct(BytesView bytes) {
  TRY(check_form(bytes));
  Sigstruct out{
      .fields = load_fields(bytes), .modulus = load_number(bytes, kModulus), .bytes = to_bytes(bytes), .signer = {}};
  const Bytes signature = load_number(bytes, kSignature);
  TRY(verify_rsa3072(out.modulus, signed_part(bytes), signature).within("SIGNATURE"));
  const RsaQuotients quotients = TRY(rsa3072_quotients(out.modulus, signature));
  if (load_number(bytes, kQ1) != quotients.q1) return untrusted("Q1 is not that of the signature");
  if (load_number(bytes, kQ2) != quotients.q2) return untrusted("Q2 is not that of the signature");
  out.signer = mr_signer(out.modulus);
  return out;
}

SgxAttributes masked(const SgxAttributes& attributes, const SgxAttributes& mask) {
  return {.flags = attributes.flags & mask.flags, .xfrm = attributes.xfrm & mask.xfrm};
}

}  // namespace

SgxMeasurement mr_signer(BytesView modulus) { return sha256(reversed(modulus)); }

SgxSignedFields signed_fields(const SgxPlan& plan, std::uint32_t date) {
  SgxSignedFields out;
  out.date = date;
  out.misc_select = plan.misc_select;
  out.misc_mask = ~std::uint32_t{0};
  out.attributes = plan.attributes;
  out.attribute_mask = {.flags = ~std::uint64_t{0}, .xfrm = ~std::uint64_t{0}};
  out.measurement = measure_sgx_plan(plan);
  out.family_id = plan.family_id;
  out.extended_product_id = plan.extended_product_id;
  out.product = plan.product;
  out.svn = plan.svn;
  return out;
}

Result<void> check_signed_plan(const SgxSignedFields& fields, const SgxPlan& plan) {
  const SgxSignedFields wanted = signed_fields(plan, fields.date);
  if (fields.measurement != wanted.measurement) {
    return untrusted("it is of another enclave: it says MRENCLAVE {}, and this one measures {}",
                     to_hex(fields.measurement), to_hex(wanted.measurement));
  }
  if (masked(fields.attributes, fields.attribute_mask) != masked(plan.attributes, fields.attribute_mask)) {
    return untrusted("it is for other attributes: {:#x} and XFRM {:#x}, not {:#x} and {:#x}", fields.attributes.flags,
                     fields.attributes.xfrm, plan.attributes.flags, plan.attributes.xfrm);
  }
  if ((fields.misc_select & fields.misc_mask) != (plan.misc_select & fields.misc_mask)) {
    return untrusted("it is for another MISCSELECT: {:#x}, not {:#x}", fields.misc_select, plan.misc_select);
  }
  if (fields.product != plan.product || fields.svn != plan.svn) {
    return untrusted("it is of product {}, svn {}, and the manifest says product {}, svn {}", fields.product,
                     fields.svn, plan.product, plan.svn);
  }
  if (fields.family_id != plan.family_id || fields.extended_product_id != plan.extended_product_id) {
    return untrusted("it has another family_id or extended_product_id than the manifest");
  }
  return {};
}

Bytes sigstruct_to_be_signed(const SgxSignedFields& fields) { return signed_part(encode_fields(fields)); }

Result<Sigstruct> make_sigstruct(const SgxSignedFields& fields, BytesView modulus, BytesView signature) {
  if (signature.size() != kRsa3072Bytes)
    return invalid("a signature of {} bytes, not {}", signature.size(), kRsa3072Bytes);
  TRY(verify_rsa3072(modulus, sigstruct_to_be_signed(fields), signature)
          .within("this signature is not of this enclave by this key"));
  const RsaQuotients quotients = TRY(rsa3072_quotients(modulus, signature));
  Bytes out = encode_fields(fields);
  store_number(out, kModulus, modulus);
  store_le<std::uint32_t>(out, kExponent, 3);
  store_number(out, kSignature, signature);
  store_number(out, kQ1, quotients.q1);
  store_number(out, kQ2, quotients.q2);
  return parse_sigstruct(out);
}

Result<Sigstruct> parse_sigstruct(BytesView bytes) { return read_sigstruct(bytes).within("SIGSTRUCT"); }

}  // namespace adyton
