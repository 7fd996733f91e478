// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/aesm_messages.h"

#include <optional>

#include "attest/evidence/protobuf.h"
#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_device/quote_refusals.h"

namespace adyton::sgx {
namespace {

constexpr std::uint32_t kUnsupportedRequest = 20;  // of Response
constexpr std::uint32_t kPublicKeyIdBytes = 32;

// Wire types 0 and 2 are all that requests have.
class ProtobufWriter {
 public:
  void number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void bytes(std::uint32_t field, BytesView value) {
    varint(field << 3 | 2);
    varint(value.size());
    append(out_, value);
  }
  [[nodiscard]] const Bytes& out() const { return out_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::byte>(value | 0x80));
    out_.push_back(static_cast<std::byte>(value));
  }
  Bytes out_;
};

Bytes request_of(AesmRequest request, const ProtobufWriter& inside) {
  ProtobufWriter out;
  out.bytes(static_cast<std::uint32_t>(request), inside.out());
  return out.out();
}

constexpr NumberedRefusal kRefusals[] = {
    {2, ErrorCode::kUnavailable, "it finds no SGX device: open /dev/sgx_enclave to it (user aesmd, group sgx)"},
    {12, ErrorCode::kUnavailable, "it has no network: look at its proxy (/etc/aesmd.conf)"},
    {17, ErrorCode::kUnavailable, "it is stopping: start it again (systemctl restart aesmd)"},
    {18, ErrorCode::kUnavailable, "it is busy: try again"},
    {21, ErrorCode::kExhausted, "it has no memory left"},
    {24, ErrorCode::kUnavailable, "it finds no SGX device: open /dev/sgx_enclave to it (user aesmd, group sgx)"},
    {29, ErrorCode::kExhausted, quoting::kNoQuotingMemory},
    {30, ErrorCode::kUnavailable, "it has no quoting: install libsgx-aesm-quote-ex-plugin"},
    {38, ErrorCode::kUnavailable, "it makes no ECDSA quotes: install libsgx-aesm-quote-ex-plugin"},
    {41, ErrorCode::kUnavailable, quoting::kNoFetcher},
    {42, ErrorCode::kUnavailable, "its attestation key is not made: ask for target_info() first"},
    {44, ErrorCode::kUnavailable, quoting::kNoCertificates},
    {46, ErrorCode::kUnavailable, quoting::kQuotingEnclaveLost},
    {47, ErrorCode::kInvalid, quoting::kForeignReport},
    {48, ErrorCode::kUnavailable,
     "it cannot load its enclaves: open /dev/sgx_enclave and /dev/sgx_provision to it (user aesmd, group sgx_prv)"},
};

Error describe_aesm_refusal(AesmRequest request, std::uint64_t number) {
  if (const NumberedRefusal* refusal = find_refusal(kRefusals, number); refusal != nullptr)
    return make_error(refusal->code, "the AESM service refuses {}: {} (error {})", name_of(request), refusal->text,
                      number);
  return unavailable("the AESM service refuses {}: error {}", name_of(request), number);
}

// A field once: a later one would have to win, or to be merged with it.
template <class T>
Result<void> set_once(std::optional<T>& out, const T& value, std::string_view what) {
  if (out) return invalid("it has {} twice", what);
  out = value;
  return {};
}

// What is in every one of the answers.
struct Inside {
  std::uint64_t error = 0;
  std::optional<std::uint64_t> number;
  std::optional<BytesView> bytes;
};

Result<Inside> parse_inside(BytesView inside) {
  Inside out;
  std::optional<std::uint64_t> error;
  for (ProtobufReader reader(inside); !reader.at_end();) {
    const ProtobufField field = TRY(reader.next());
    if (field.number == 1) {
      if (!field.value) return invalid("its error code is no number");
      TRY(set_once(error, *field.value, "an error code"));
    } else if (field.number == 2 && field.value) {
      TRY(set_once(out.number, *field.value, "a value"));
    } else if (field.number == 2) {
      TRY(set_once(out.bytes, field.bytes, "a value"));
    }
  }
  if (!error) return invalid("it has no error code");
  out.error = *error;
  return out;
}

}  // namespace

std::string_view name_of(AesmRequest request) {
  switch (request) {
    case AesmRequest::kInitQuoteEx: return "InitQuoteEx";
    case AesmRequest::kGetQuoteSizeEx: return "GetQuoteSizeEx";
    case AesmRequest::kGetQuoteEx: return "GetQuoteEx";
    case AesmRequest::kGetSupportedKeyCount: return "GetSupportedAttKeyIDNum";
    case AesmRequest::kGetSupportedKeys: return "GetSupportedAttKeyIDs";
  }
  return "a request that is none";
}

Bytes encode_key_count_request() { return request_of(AesmRequest::kGetSupportedKeyCount, {}); }

Bytes encode_keys_request(std::uint32_t keys) {
  ProtobufWriter inside;
  inside.number(1, keys * kAesmKeyIdBytes);  // buf_size
  return request_of(AesmRequest::kGetSupportedKeys, inside);
}

Bytes encode_init_quote_request(BytesView key_id) {
  ProtobufWriter inside;
  inside.bytes(1, key_id);
  inside.number(3, 1);  // b_pub_key_id: with the attestation key's identity, for which there has to be room
  inside.number(4, kPublicKeyIdBytes);
  return request_of(AesmRequest::kInitQuoteEx, inside);
}

Bytes encode_quote_size_request(BytesView key_id) {
  ProtobufWriter inside;
  inside.bytes(1, key_id);
  return request_of(AesmRequest::kGetQuoteSizeEx, inside);
}

Bytes encode_quote_request(BytesView report, BytesView key_id, std::uint32_t quote_bytes) {
  ProtobufWriter inside;
  inside.bytes(1, report);
  inside.bytes(2, key_id);
  inside.number(4, quote_bytes);  // buf_size
  return request_of(AesmRequest::kGetQuoteEx, inside);
}

Result<AesmAnswer> parse_aesm_answer(AesmRequest request, BytesView message) {
  const std::string where = fmt::format("the AESM service's answer to {}", name_of(request));
  std::optional<BytesView> inside;
  for (ProtobufReader reader(message); !reader.at_end();) {
    const ProtobufField field = TRY(reader.next().within(where));
    if (field.number == kUnsupportedRequest)
      return unavailable("the AESM service does not know {}: install a newer sgx-aesm-service", name_of(request));
    if (field.number != static_cast<std::uint32_t>(request) || field.value)
      return invalid("{}: it is to another request (field {})", where, field.number);
    TRY(set_once(inside, field.bytes, "an answer").within(where));
  }
  if (!inside) return invalid("{}: it is empty", where);
  const Inside found = TRY(parse_inside(*inside).within(where));
  if (found.error != 0) return describe_aesm_refusal(request, found.error);
  const bool wants_number = request == AesmRequest::kGetQuoteSizeEx || request == AesmRequest::kGetSupportedKeyCount;
  if (wants_number != found.number.has_value() || wants_number == found.bytes.has_value())
    return invalid("{}: it lacks its value, or has one of another kind", where);
  return AesmAnswer{.number = found.number.value_or(0), .bytes = found.bytes.value_or(BytesView{})};
}

Result<BytesView> choose_aesm_key(BytesView key_ids) {
  constexpr std::size_t kAlgorithmOffset = 154;  // of sgx_ql_att_key_id_t, packed
  constexpr std::uint32_t kEcdsaP256 = 2;        // SGX_QL_ALG_ECDSA_P256
  if (key_ids.size() % kAesmKeyIdBytes != 0) return invalid("{} bytes of attestation key identities", key_ids.size());
  for (; !key_ids.empty(); key_ids = key_ids.subspan(kAesmKeyIdBytes)) {
    if (load_le<std::uint32_t>(key_ids, kAlgorithmOffset) == kEcdsaP256) return key_ids.first(kAesmKeyIdBytes);
  }
  return unavailable("the AESM service has no ECDSA attestation key: install libsgx-aesm-quote-ex-plugin");
}

}  // namespace adyton::sgx
