// SPDX-License-Identifier: Apache-2.0
// What is given beside evidence to check it with: certificates, revocation lists, TCB infos and identities, keys, event
// logs. Taken apart once, then shared by any number of verifications.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

struct TcbInfo;          // attest/collateral/intel_tcb.h
struct EnclaveIdentity;  // likewise
struct JsonWebKeys;      // attest/collateral/json_web_keys.h

// Thread-safe once filled.
class Collateral {
 public:
  Collateral();
  ~Collateral();
  Collateral(Collateral&&) noexcept;
  Collateral& operator=(Collateral&&) noexcept;

  [[nodiscard]] Collateral copy() const;  // shares what it holds

  // Takes whatever `bytes` are: PEM (any mixture), DER (certificate, list, public key), AMD's certificate table, JSON
  // (TCB info, enclave identity, QuoteCollateralV3 and its relatives, JWK sets, Intel's answers with their signature
  // chains), a packed bundle. `name` is for messages. Errors: invalid, when it is nothing of that sort; what was
  // understood before stays.
  Result<void> add(std::string_view name, BytesView bytes);

  void add(Certificate certificate);
  void add(RevocationList list);
  void add(std::shared_ptr<const TcbInfo> info);
  void add(std::shared_ptr<const EnclaveIdentity> identity);
  void add_key(std::string name, VerifyingKey key, std::string address = {});
  void add_document(std::string name, Bytes bytes);  // what only one kind of evidence understands: event logs, RIMs

  // As add(), for what was had from `address` itself, by a connection that shows that it is there: keys say so then.
  Result<void> add_fetched(std::string_view address, BytesView bytes);

  // Only what stands or falls with a signature that leads to an anchor: not keys, nor documents.
  void add_checkable(const Collateral& other);

  [[nodiscard]] const std::vector<Certificate>& certificates() const;
  [[nodiscard]] const std::vector<RevocationList>& lists() const;
  [[nodiscard]] const std::vector<std::shared_ptr<const TcbInfo>>& tcb_infos() const;
  [[nodiscard]] const std::vector<std::shared_ptr<const EnclaveIdentity>>& identities() const;
  struct NamedKey {
    std::string name;  // the "kid", or the file's
    VerifyingKey key;
    std::string address = {};  // add_fetched()'s; empty: anybody may have put it here
  };
  [[nodiscard]] const std::vector<NamedKey>& keys() const;
  struct Document {
    std::string name;
    Bytes bytes;
  };
  [[nodiscard]] const std::vector<Document>& documents() const;

 private:
  struct Items;
  std::unique_ptr<Items> items_;
};

}  // namespace adyton
