// SPDX-License-Identifier: Apache-2.0
#include <adyton/sealed_store.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "base/error.h"
#include "seal/store_batch.h"
#include "seal/store_file.h"

namespace adyton {
namespace {

constexpr std::size_t kStoreNameBytes = 58;  // "store/" before it still makes a label, ".new" behind it a file name
constexpr std::size_t kSnapshotBatchBytes = 1u << 20;

using Entries = std::map<std::string, Secret, std::less<>>;

Result<void> check_name(std::string_view name) {
  TRY(check_storage_name(name));
  if (name.size() > kStoreNameBytes) return invalid("a sealed store's name has at most {} characters", kStoreNameBytes);
  return {};
}

}  // namespace

void SealedBatch::put(std::string_view key, BytesView value) {
  changes_.push_back({std::string(key), false, Secret::copy_of(value)});
}

void SealedBatch::erase(std::string_view key) { changes_.push_back({std::string(key), true, {}}); }

struct SealedStore::Impl {
  Impl(std::shared_ptr<Storage> files, const KeySource& key_source, SealPolicy seal_policy, std::string_view store_name,
       const SealedStoreOptions& store_options)
      : storage(std::move(files)), keys(key_source), policy(seal_policy), name(store_name), options(store_options) {}

  Result<void> open();
  Result<void> commit(const SealedBatch& batch);
  Result<void> compact();
  void compact_if_due();
  Result<Bytes> encode(const SealedBatch& batch) const;
  Result<void> apply_read(BytesView batch);
  void put(std::string_view key, Secret value);
  void erase(std::string_view key);
  [[nodiscard]] std::uint64_t garbage_bytes() const;

  const std::shared_ptr<Storage> storage;
  const KeySource& keys;
  const SealPolicy policy;
  const std::string name;
  const SealedStoreOptions options;

  // Writers hold `writing` for as long as the host takes, and `reading` only while they change `entries`: readers take
  // `reading` alone.
  mutable std::mutex writing;
  mutable std::shared_mutex reading;
  std::optional<StoreFile> file;
  Entries entries;
  std::uint64_t live_bytes = 0;  // keys and values of `entries`
  std::uint64_t next_compaction_garbage = 0;
  std::string compaction_error;
};

Result<void> SealedStore::Impl::open() {
  auto opened = StoreFile::open(storage, name, keys, policy, [this](BytesView batch) { return apply_read(batch); });
  if (opened) {
    file = *std::move(opened);
    return {};
  }
  if (opened.error().code != ErrorCode::kNotFound || !options.create) return std::move(opened).error();
  bool unknown = false;
  file = TRY(StoreFile::replace(storage, name, keys, policy, [] { return Bytes(); }, unknown));
  return {};
}

Result<void> SealedStore::Impl::apply_read(BytesView batch) {
  StoreBatchReader reader(batch);
  while (!reader.at_end()) {
    const StoreChange change = TRY(reader.next());
    if (change.erases) {
      erase(change.key);
      continue;
    }
    put(change.key, Secret::copy_of(change.value));
    if (live_bytes > options.memory_bytes) {
      return exhausted("it holds more than the {} bytes it may take in memory: raise memory_bytes",
                       options.memory_bytes);
    }
  }
  return {};
}

void SealedStore::Impl::put(std::string_view key, Secret value) {
  auto place = entries.find(key);
  if (place == entries.end()) {
    live_bytes += key.size();
    place = entries.emplace(key, Secret()).first;
  }
  live_bytes += value.size();
  live_bytes -= place->second.size();
  place->second = std::move(value);
}

void SealedStore::Impl::erase(std::string_view key) {
  const auto place = entries.find(key);
  if (place == entries.end()) return;
  live_bytes -= key.size() + place->second.size();
  entries.erase(place);
}

Result<Bytes> SealedStore::Impl::encode(const SealedBatch& batch) const {
  std::uint64_t size = 0;
  std::uint64_t added = 0;
  for (const auto& change : batch.changes_) {
    if (change.key.empty() || change.key.size() > kStoreKeyBytes) {
      return invalid("a key of {} bytes; 1 to {} are allowed", change.key.size(), kStoreKeyBytes);
    }
    size += kStorePutOverhead + change.key.size() + change.value.size();
    if (!change.erases) added += change.key.size() + change.value.size();
  }
  const std::uint64_t batch_limit = std::min(options.batch_bytes, StoreFile::kBatchBytes);
  if (size > batch_limit) return exhausted("a batch of {} bytes; at most {} are allowed: split it", size, batch_limit);
  if (added > options.memory_bytes || live_bytes > options.memory_bytes - added) {
    return exhausted("the store would take more than {} bytes in memory", options.memory_bytes);
  }
  Bytes out;
  out.reserve(size);  // so that no secret stays behind in memory that was grown out of
  for (const auto& change : batch.changes_) {
    if (change.erases) {
      append_erase(out, change.key);
    } else {
      append_put(out, change.key, change.value.expose());
    }
  }
  return out;
}

Result<void> SealedStore::Impl::commit(const SealedBatch& batch) {
  if (batch.empty()) return {};
  const std::lock_guard writer(writing);
  Bytes encoded = TRY(encode(batch));
  const auto committed = file->commit(encoded);
  wipe(encoded);
  if (!committed) return committed.error();
  {
    const std::lock_guard lock(reading);
    for (const auto& change : batch.changes_) {
      if (change.erases) {
        erase(change.key);
      } else {
        put(change.key, change.value.copy());
      }
    }
  }
  compact_if_due();
  return {};
}

std::uint64_t SealedStore::Impl::garbage_bytes() const {
  const std::uint64_t needed = StoreFile::kLogOffset + live_bytes + entries.size() * kStorePutOverhead;
  return file->size_bytes() > needed ? file->size_bytes() - needed : 0;
}

void SealedStore::Impl::compact_if_due() {
  const std::uint64_t garbage = garbage_bytes();
  if (garbage < std::max(options.compact_at_least_bytes, next_compaction_garbage)) return;
  if (garbage * 100 < live_bytes * options.compact_at_percent) return;
  const auto compacted = compact();
  // What was committed stays committed; a full disk, say, is tried again when there is as much garbage once more.
  next_compaction_garbage = compacted ? 0 : garbage + options.compact_at_least_bytes;
  compaction_error = compacted ? "" : compacted.error().message;
}

// Requires `writing`.
Result<void> SealedStore::Impl::compact() {
  auto place = entries.cbegin();
  const auto next = [&] {
    Bytes batch;
    batch.reserve(kSnapshotBatchBytes);
    while (place != entries.cend()) {
      const auto& [key, value] = *place;
      const std::size_t size = kStorePutOverhead + key.size() + value.size();
      if (!batch.empty() && batch.size() + size > kSnapshotBatchBytes) break;
      append_put(batch, key, value.expose());
      ++place;
    }
    return batch;
  };
  bool unknown = false;
  auto replaced = StoreFile::replace(storage, name, keys, policy, next, unknown);
  if (unknown) file->fail("replacing its file: " + replaced.error().message);
  if (!replaced) return std::move(replaced).error().within("compacting");
  file = *std::move(replaced);
  return {};
}

SealedStore::SealedStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SealedStore::SealedStore(SealedStore&&) noexcept = default;
SealedStore& SealedStore::operator=(SealedStore&&) noexcept = default;
SealedStore::~SealedStore() = default;

Result<SealedStore> SealedStore::open(std::shared_ptr<Storage> storage, const KeySource& keys, SealPolicy policy,
                                      std::string_view name, const SealedStoreOptions& options) {
  const std::string context = fmt::format("opening sealed store {}", name);
  TRY(check_name(name).within(context));
  auto impl = std::make_unique<Impl>(std::move(storage), keys, policy, name, options);
  TRY(impl->open().within(context));
  return SealedStore(std::move(impl));
}

Result<Secret> SealedStore::get(std::string_view key) const {
  const std::shared_lock lock(impl_->reading);
  const auto place = impl_->entries.find(key);
  if (place == impl_->entries.end()) return not_found("no such key in sealed store {}", impl_->name);
  return place->second.copy();
}

bool SealedStore::contains(std::string_view key) const {
  const std::shared_lock lock(impl_->reading);
  return impl_->entries.contains(key);
}

void SealedStore::scan(std::string_view prefix, const std::function<bool(std::string_view key, BytesView value)>& visit,
                       std::string_view after) const {
  const std::shared_lock lock(impl_->reading);
  auto place = prefix > after ? impl_->entries.lower_bound(prefix) : impl_->entries.upper_bound(after);
  for (; place != impl_->entries.end(); ++place) {
    if (!place->first.starts_with(prefix) || !visit(place->first, place->second.expose())) return;
  }
}

Result<void> SealedStore::commit(const SealedBatch& batch) {
  return impl_->commit(batch).within("sealed store " + impl_->name);
}

Result<void> SealedStore::compact() {
  const std::lock_guard writer(impl_->writing);
  return impl_->compact().within("sealed store " + impl_->name);
}

SealedStoreStats SealedStore::stats() const {
  const std::lock_guard lock(impl_->writing);
  return {.entries = impl_->entries.size(),
          .live_bytes = impl_->live_bytes,
          .file_bytes = impl_->file->size_bytes(),
          .commits = impl_->file->batches(),
          .svn = impl_->file->svn(),
          .compaction_error = impl_->compaction_error};
}

}  // namespace adyton
