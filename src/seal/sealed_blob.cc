// SPDX-License-Identifier: Apache-2.0
#include <adyton/sealed_blob.h>

#include "base/cursor.h"
#include "base/error.h"
#include "seal/seal_header.h"
#include "seal/sealed_record.h"

namespace adyton {

Result<Bytes> seal(const KeySource& keys, SealPolicy policy, std::string_view label, BytesView plain,
                   BytesView associated) {
  if (plain.size() > kSealedBlobBytes) {
    return invalid("sealing {} bytes; a sealed blob holds at most {}", plain.size(), kSealedBlobBytes);
  }
  SealedHead head = TRY(make_sealed_head(keys, SealKind::kBlob, policy, label));
  const Bytes record = TRY(seal_record(head.key, associated, plain));
  Bytes out = std::move(head.encoded);
  append_le(out, static_cast<std::uint32_t>(record.size()));
  append(out, record);
  return out;
}

Result<Secret> unseal(const KeySource& keys, SealPolicy policy, std::string_view label, BytesView sealed,
                      BytesView associated) {
  const SealedHead head = TRY(open_sealed_head(keys, SealKind::kBlob, policy, label, sealed));
  Cursor cursor(sealed.subspan(head.encoded.size()));
  const auto size = TRY(cursor.read_le<std::uint32_t>());
  const BytesView record = TRY(cursor.read_bytes(size));
  TRY(cursor.finish());
  return open_record(head.key, associated, record).within("altered, or opened with other associated data");
}

}  // namespace adyton
