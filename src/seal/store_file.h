// SPDX-License-Identifier: Apache-2.0
// One generation of a sealed store's file: made whole, appended to, and read back with every alteration noticed. The
// layout, and why it survives a crash at any point, is in docs/formats/sealed.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include <adyton/storage.h>
#include "seal/seal_header.h"

namespace adyton {

// Not thread-safe.
class StoreFile {
 public:
  static constexpr std::uint64_t kPageBytes = 4096;            // header, head slot 0, head slot 1: a page each
  static constexpr std::uint64_t kLogOffset = 3 * kPageBytes;  // the batches
  static constexpr std::uint32_t kBatchBytes = 15u << 20;      // of one batch's contents, at most
  static constexpr std::string_view kTemporarySuffix = ".new";

  using Apply = std::function<Result<void>(BytesView batch)>;
  using NextBatch = std::function<Bytes()>;  // an empty one ends the list

  // Reads `name` through, giving every committed batch to `apply`, and repairs what a crash left: a batch half written,
  // heads that lag. Nothing is written unless the whole file was accepted. Errors: as SealedStore::open.
  static Result<StoreFile> open(std::shared_ptr<Storage> storage, const std::string& name, const KeySource& keys,
                                SealPolicy policy, const Apply& apply);

  // Makes the file with these batches (or one empty one), sealed for `keys` as they are now, under a temporary name and
  // lets it take `name`, atomically and durably. Errors: those of `keys` and `storage`. An error leaves `name` as it
  // was, unless `unknown` is set: then the last step failed, and `name` may be either file.
  static Result<StoreFile> replace(std::shared_ptr<Storage> storage, const std::string& name, const KeySource& keys,
                                   SealPolicy policy, const NextBatch& next, bool& unknown);

  // Makes `batch` (at most kBatchBytes) durable. Errors: exhausted (nothing was changed); any other leaves unknown
  // whether the batch is there, and every later commit fails.
  Result<void> commit(BytesView batch);

  [[nodiscard]] std::uint64_t size_bytes() const { return end_; }
  [[nodiscard]] std::uint64_t batches() const { return sequence_; }
  [[nodiscard]] std::uint16_t svn() const { return svn_; }

  // Makes every later commit fail with this reason.
  void fail(std::string reason) { failure_ = std::move(reason); }

 private:
  // What a head slot says: batch `sequence`, named by its salt, was committed.
  struct Slot {
    std::uint64_t sequence = 0;
    SealSalt salt{};
    bool operator==(const Slot&) const = default;
  };
  using Slots = std::array<std::optional<Slot>, 2>;  // of even and odd batches; nothing: does not verify

  StoreFile(std::shared_ptr<Storage> storage, std::string name, SealedHead head);
  [[nodiscard]] Bytes next_batch_context() const;
  [[nodiscard]] Result<Bytes> seal_batch(BytesView batch) const;
  void advance(BytesView record);
  Result<void> write_all(BytesView pages, const NextBatch& next);
  [[nodiscard]] Result<Slots> read_slots(BytesView pages) const;
  Result<void> read_log(const Slots& slots, const Apply& apply);
  Result<void> repair(const Slots& slots);
  Result<void> write_slot(const Slot& slot, bool sync);

  std::shared_ptr<Storage> storage_;
  std::string name_;
  std::uint16_t svn_;
  Secret key_;
  std::uint64_t sequence_ = 0;  // of the last batch; the first is 1
  std::uint64_t end_ = kLogOffset;
  SealSalt last_, before_last_{};  // the salts of batches sequence_ and sequence_ - 1; batch 0's is the header's
  std::string failure_;            // why nothing more can be committed
};

}  // namespace adyton
