// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/keys.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton::sgx {
namespace {

// What a key is derived from (SDM: TMP_KEYDEPENDENCIES). Zero where a key does not depend on it.
struct Dependencies {
  KeyName name;
  std::uint16_t product = 0, svn = 0, policy = 0, config_svn = 0;
  Id128 family_id{}, extended_product_id{}, owner_epoch{}, cpu_svn{};
  SgxAttributes attributes{0, 0}, attribute_mask{0, 0};
  SgxMeasurement mr_enclave{}, mr_signer{};
  std::array<std::byte, 32> key_id{};
  std::array<std::byte, 64> config_id{};
  std::uint32_t misc_select = 0, misc_mask = 0;
  bool seal_fuses = true;
};

Result<Cmac> derive(const SgxFuses& fuses, const Dependencies& from) {
  Bytes bytes;
  append(bytes, as_bytes("adyton-sgx-key-1"));
  append_le(bytes, static_cast<std::uint16_t>(from.name));
  for (const std::uint16_t value : {from.product, from.svn, from.policy, from.config_svn}) append_le(bytes, value);
  for (const Id128& value : {from.family_id, from.extended_product_id, from.owner_epoch, from.cpu_svn})
    append(bytes, value);
  for (const SgxAttributes& value : {from.attributes, from.attribute_mask}) {
    append_le(bytes, value.flags);
    append_le(bytes, value.xfrm);
  }
  append(bytes, from.mr_enclave);
  append(bytes, from.mr_signer);
  append(bytes, from.key_id);
  append(bytes, from.config_id);
  append_le(bytes, from.misc_select);
  append_le(bytes, from.misc_mask);
  append(bytes, from.seal_fuses ? fuses.seal.expose() : BytesView(Id128{}));
  auto key = aes128_cmac(fuses.device.expose(), bytes);
  wipe(bytes);
  return key;
}

// "Beyond the current configuration": any component higher than the processor's.
bool beyond(const Id128& wanted) { return !std::ranges::equal(wanted, SgxFuses::kCpuSvn, std::less_equal<>()); }

// The key of the reports for `target`: EREPORT makes them with it, and the target asks EGETKEY for it.
Result<Cmac> report_key(const Processor& processor, const TargetInfo& target, const std::array<std::byte, 32>& key_id) {
  return derive(processor.fuses, {.name = KeyName::kReport,
                                  .config_svn = target.config_svn,
                                  .owner_epoch = processor.fuses.owner_epoch,
                                  .cpu_svn = SgxFuses::kCpuSvn,
                                  .attributes = target.attributes,
                                  .mr_enclave = target.measurement,
                                  .key_id = key_id,
                                  .config_id = target.config_id,
                                  .misc_select = target.misc_select});
}

// What SEAL_KEY and PROVISION_SEAL_KEY take in as the request's policy says.
void include_policy(Dependencies& out, const Secs& secs, const KeyRequest& request) {
  const auto wanted = [&](std::uint16_t bit) { return (request.policy & bit) != 0; };
  if (wanted(KeyRequest::kFamilyId)) out.family_id = secs.family_id;
  if (wanted(KeyRequest::kExtendedProductId)) out.extended_product_id = secs.extended_product_id;
  if (!wanted(KeyRequest::kNoProduct)) out.product = secs.product;
  if (wanted(KeyRequest::kConfigId)) {
    out.config_id = secs.config_id;
    out.config_svn = request.config_svn;
  }
  out.policy = request.policy;
}

}  // namespace

Result<KeyOrCode> get_key(const Processor& processor, const Secs& secs, const KeyRequest& request) {
  constexpr std::uint16_t kKssPolicies = 0x3c;
  constexpr std::uint64_t kAlways = SgxAttributes::kInit | SgxAttributes::kDebug;
  if ((secs.attributes.flags & SgxAttributes::kKss) == 0 &&
      ((request.policy & kKssPolicies) != 0 || request.config_svn != 0)) {
    return invalid("#GP: a key request by key separation of an enclave without KSS");
  }
  const auto name = static_cast<KeyName>(request.name);
  if (request.name > static_cast<std::uint16_t>(KeyName::kSeal)) return KeyOrCode{Code::kInvalidKeyName, {}};

  if (name == KeyName::kReport) {
    const TargetInfo itself{.measurement = secs.mr_enclave,
                            .attributes = secs.attributes,
                            .misc_select = secs.misc_select,
                            .config_svn = secs.config_svn,
                            .config_id = secs.config_id};
    KeyOrCode out;
    out.key = TRY(report_key(processor, itself, request.key_id));
    return out;
  }

  const bool provisioning = name == KeyName::kProvision || name == KeyName::kProvisionSeal;
  const std::uint64_t needed = provisioning                   ? SgxAttributes::kProvisionKey
                               : name == KeyName::kEinitToken ? SgxAttributes::kEinitTokenKey
                                                              : 0;
  if ((secs.attributes.flags & needed) != needed) return KeyOrCode{Code::kInvalidAttribute, {}};
  if (beyond(request.cpu_svn)) return KeyOrCode{Code::kInvalidCpuSvn, {}};
  if (request.svn > secs.svn || (name == KeyName::kSeal && request.config_svn > secs.config_svn))
    return KeyOrCode{Code::kInvalidIsvSvn, {}};

  Dependencies from{.name = name, .svn = request.svn, .cpu_svn = request.cpu_svn};
  from.attributes = {(request.attribute_mask.flags | kAlways) & secs.attributes.flags,
                     request.attribute_mask.xfrm & secs.attributes.xfrm};
  from.attribute_mask = request.attribute_mask;
  from.misc_select = request.misc_mask & secs.misc_select;
  from.misc_mask = ~request.misc_mask;
  from.mr_signer = secs.mr_signer;
  switch (name) {
    case KeyName::kSeal:
      include_policy(from, secs, request);
      if ((request.policy & KeyRequest::kMrEnclave) != 0) from.mr_enclave = secs.mr_enclave;
      if ((request.policy & KeyRequest::kMrSigner) == 0) from.mr_signer = {};
      from.key_id = request.key_id;
      from.owner_epoch = processor.fuses.owner_epoch;
      break;
    case KeyName::kProvisionSeal: include_policy(from, secs, request); break;
    case KeyName::kProvision:
      from.product = secs.product;
      from.seal_fuses = false;
      break;
    default:  // kEinitToken
      from.product = secs.product;
      from.attribute_mask = {0, 0};
      from.misc_mask = 0;
      from.key_id = request.key_id;
      from.owner_epoch = processor.fuses.owner_epoch;
  }
  KeyOrCode out;
  out.key = TRY(derive(processor.fuses, from));
  return out;
}

// Table "Layout of REPORT".
Result<Bytes> make_report(const Processor& processor, const Secs& secs, const TargetInfo& target, BytesView data) {
  if (data.size() != kReportDataBytes) return invalid("report data of {} bytes", data.size());
  Bytes out(kReportBytes);
  const auto put = [&](std::size_t offset, BytesView value) {
    std::ranges::copy(value, out.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  put(0, SgxFuses::kCpuSvn);
  store_le(out, 16, secs.misc_select);
  put(32, secs.extended_product_id);
  store_le(out, 48, secs.attributes.flags);
  store_le(out, 56, secs.attributes.xfrm);
  put(64, secs.mr_enclave);
  put(128, secs.mr_signer);
  put(192, secs.config_id);
  store_le(out, 256, secs.product);
  store_le(out, 258, secs.svn);
  store_le(out, 260, secs.config_svn);
  put(304, secs.family_id);
  put(320, data);
  put(kReportKeyId, processor.report_key_id);

  const Cmac key = TRY(report_key(processor, target, processor.report_key_id));
  put(kReportMac, TRY(aes128_cmac(key, BytesView(out).first(kReportBodyBytes))));
  return out;
}

}  // namespace adyton::sgx
