// SPDX-License-Identifier: Apache-2.0
// A durable key-value store inside an enclave over files the host keeps: what the host sees is sealed, what it alters
// is noticed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include <adyton/self.h>
#include <adyton/storage.h>

namespace adyton {

struct SealedStoreOptions {
  bool create = true;                              // make the store if its file is not there; else: not_found
  std::uint64_t memory_bytes = 1u << 30;           // of all keys and values together: the store lives in memory
  std::uint32_t batch_bytes = 8u << 20;            // of one batch, at most 15 MiB
  std::uint32_t compact_at_percent = 100;          // compact when the file holds this much garbage beside the live data
  std::uint64_t compact_at_least_bytes = 1 << 20;  // but not for less garbage than this
};

// Changes that become durable together or not at all. Keys are 1 to 1024 bytes; of several changes to one key the last
// counts. Not thread-safe.
class SealedBatch {
 public:
  void put(std::string_view key, BytesView value);
  void erase(std::string_view key);
  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  friend class SealedStore;
  struct Change {
    std::string key;
    bool erases = false;
    Secret value;
  };
  std::vector<Change> changes_;
};

struct SealedStoreStats {
  std::uint64_t entries = 0;
  std::uint64_t live_bytes = 0;  // keys and values
  std::uint64_t file_bytes = 0;
  std::uint64_t commits = 0;     // in the file: since it was last compacted
  std::uint16_t svn = 0;         // the file is sealed at this svn
  std::string compaction_error;  // why the last compaction by itself failed (it is tried again); empty: it did not
};

// An ordered map from byte strings to byte strings: one sealed, append-only file, its live contents in memory
// (docs/formats/sealed.md says what is noticed of a hostile host, and what cannot be). Thread-safe; movable while no
// other thread uses it.
class SealedStore {
 public:
  // `keys` must outlive the store. Opens, or makes, the store `name` (a storage name of at most 58 characters) in
  // `storage`. A file that is refused is left as it is. Errors: denied (sealed by another back-end, image, signer,
  // product or a newer svn), untrusted (altered, cut short, from another machine), invalid (not a sealed store, a newer
  // format), exhausted (memory_bytes), not_found, and those of `storage`.
  static Result<SealedStore> open(std::shared_ptr<Storage> storage, const KeySource& keys, SealPolicy policy,
                                  std::string_view name, const SealedStoreOptions& options = {});
  SealedStore(SealedStore&&) noexcept;
  SealedStore& operator=(SealedStore&&) noexcept;
  ~SealedStore();

  // Errors: not_found.
  Result<Secret> get(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;

  // Calls visit(key, value) for every key that starts with `prefix` and comes after `after`, in the order of their
  // bytes, until it returns false. The views are valid during the call; `visit` must not use this store.
  void scan(std::string_view prefix, const std::function<bool(std::string_view key, BytesView value)>& visit,
            std::string_view after = {}) const;

  // Makes the changes durable and visible. One synced write whatever the batch's size: group what belongs together.
  // Errors: invalid (key, size), exhausted (limits, or the host has no space: nothing was changed, try again later),
  // and io and others of the storage: whether the batch will be there after a restart is then unknown, and the store
  // takes no more changes until it is opened again.
  Result<void> commit(const SealedBatch& batch);

  // Rewrites the file with only what is live, sealed for this enclave's own svn. Happens by itself in commit()
  // (options).
  Result<void> compact();

  [[nodiscard]] SealedStoreStats stats() const;

 private:
  struct Impl;
  explicit SealedStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace adyton
