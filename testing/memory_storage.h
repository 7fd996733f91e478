// SPDX-License-Identifier: Apache-2.0
// A host's storage for tests: in memory, and able to die in the middle of any write, as a machine does.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include <adyton/storage.h>

namespace adyton::testing {

// What becomes of unsynced changes when the machine dies.
enum class Crash {
  kKill,     // the process died, not the machine: everything that was written is there, but no more durable than it was
  kLoseAll,  // a power cut before any of it reached the disk
  kLoseSome,  // a power cut after some of it did: sectors, in any order
  kTearSome,  // the same on a disk that does not even write a sector whole
};

// Thread-safe. Operations that change something are counted from 0: write, truncate, rename, remove.
class MemoryStorage : public Storage {
 public:
  // Operation number `operation` is cut off after its first `bytes` bytes (of a write; another is done if bytes > 0),
  // and it and all later calls fail.
  void crash_at(std::uint64_t operation, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    crash_operation_ = operation;
    crash_bytes_ = bytes;
  }

  // The storage as it is found after the crash, or after one now.
  [[nodiscard]] std::shared_ptr<MemoryStorage> after(Crash crash, unsigned seed = 0) const {
    const std::lock_guard lock(mutex_);
    std::mt19937 random(seed);
    auto out = std::make_shared<MemoryStorage>();
    for (const auto& [name, file] : files_) {
      if (crash == Crash::kKill) {
        out->files_[name] = file;
        continue;
      }
      std::optional<Bytes> left = file.exists_durably ? std::optional(file.durable) : std::nullopt;
      if (crash == Crash::kLoseSome) lose_some(file, left, 512, random);
      if (crash == Crash::kTearSome) lose_some(file, left, 30, random);
      if (left) out->files_[name] = {*left, *left, true, {}};
    }
    return out;
  }

  // How many operations there were.
  [[nodiscard]] std::uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operation_;
  }

  // All files together may hold this much; writes that go beyond write what fits and fail.
  void set_space(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    space_ = bytes;
  }

  // The contents of a file, to look at or to alter; empty if there is none.
  [[nodiscard]] Bytes contents(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto place = files_.find(name);
    return place == files_.end() ? Bytes() : place->second.now;
  }
  void set_contents(const std::string& name, Bytes bytes) {
    const std::lock_guard lock(mutex_);
    files_[name] = {bytes, bytes, true, {}};
  }

  Result<std::uint64_t> size(std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    return std::uint64_t{ADYTON_TRY(find(name))->now.size()};
  }

  Result<Bytes> read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const override {
    const std::lock_guard lock(mutex_);
    if (max_bytes > kStorageCallBytes) return Error{ErrorCode::kInvalid, "too much for one call"};
    const Bytes& bytes = ADYTON_TRY(find(name))->now;
    if (offset > bytes.size()) return Bytes();
    return to_bytes(BytesView(bytes).subspan(offset, std::min<std::uint64_t>(max_bytes, bytes.size() - offset)));
  }

  Result<void> write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) override {
    const std::lock_guard lock(mutex_);
    ADYTON_TRY(check_storage_name(name));
    if (bytes.size() > kStorageCallBytes) return Error{ErrorCode::kInvalid, "too much for one call"};
    if (crashed_) return gone();
    auto place = files_.find(name);
    if (place == files_.end() && offset != 0) return Error{ErrorCode::kNotFound, "no such file"};
    const std::uint64_t size = place == files_.end() ? 0 : place->second.now.size();
    if (offset > size) return Error{ErrorCode::kInvalid, "a write beyond the end"};
    const bool crashes = operation_++ == crash_operation_;
    std::uint64_t fits = bytes.size();
    if (crashes) fits = std::min(fits, crash_bytes_);
    const std::uint64_t free = used() < space_ ? space_ - used() : 0;
    const bool full = offset + fits > size && offset + fits - size > free;
    if (full) fits = size - offset + free;
    if (place == files_.end()) place = files_.emplace(name, File()).first;
    File& file = place->second;
    apply(file.now, {offset, to_bytes(bytes.first(fits)), false});
    file.pending.push_back({offset, to_bytes(bytes.first(fits)), false});
    if (crashes) return crashed_ = true, gone();
    if (full) return Error{ErrorCode::kExhausted, "no space left"};
    if (sync) {
      file.durable = file.now;
      file.exists_durably = true;
      file.pending.clear();
    }
    return {};
  }

  Result<void> truncate(std::string_view name, std::uint64_t size) override {
    const std::lock_guard lock(mutex_);
    File* file = ADYTON_TRY(find(name));
    if (size > file->now.size()) return Error{ErrorCode::kInvalid, "cutting to more than there is"};
    if (ADYTON_TRY(crashes_before())) return gone();
    apply(file->now, {size, {}, true});
    file->pending.push_back({size, {}, true});
    return end();
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    const std::lock_guard lock(mutex_);
    ADYTON_TRY(check_storage_name(to));
    File* file = ADYTON_TRY(find(from));
    if (ADYTON_TRY(crashes_before())) return gone();
    File moved = std::move(*file);
    moved.exists_durably = true;
    files_.erase(files_.find(from));
    files_.insert_or_assign(std::string(to), std::move(moved));
    return end();
  }

  Result<void> remove(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    if (auto found = find(name); !found) return std::move(found).error();
    if (ADYTON_TRY(crashes_before())) return gone();
    files_.erase(files_.find(name));
    return end();
  }

  Result<std::vector<std::string>> list() const override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return gone();
    std::vector<std::string> out;
    for (const auto& [name, file] : files_) out.push_back(name);
    return out;
  }

 private:
  struct Change {
    std::uint64_t offset = 0;
    Bytes bytes;
    bool cuts = false;  // to `offset`
  };
  struct File {
    Bytes now, durable;
    bool exists_durably = false;
    std::vector<Change> pending;
  };

  static Error gone() { return {ErrorCode::kIo, "the host is gone"}; }

  static void apply(Bytes& bytes, const Change& change) {
    if (change.cuts) {
      bytes.resize(std::min<std::uint64_t>(bytes.size(), change.offset));
      return;
    }
    if (bytes.size() < change.offset + change.bytes.size()) bytes.resize(change.offset + change.bytes.size());
    std::ranges::copy(change.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }

  static void lose_some(const File& file, std::optional<Bytes>& left, std::uint64_t sector_bytes,
                        std::mt19937& random) {
    for (const Change& change : file.pending) {
      if (!left && random() % 2 == 0) continue;
      if (!left) left.emplace();
      if (change.cuts && random() % 2 == 0) apply(*left, change);
      for (std::uint64_t at = 0; at < change.bytes.size();) {
        const std::uint64_t left_of_sector = sector_bytes - (change.offset + at) % sector_bytes;
        const std::uint64_t size = std::min(left_of_sector, change.bytes.size() - at);
        const auto sector = BytesView(change.bytes).subspan(at, size);
        if (random() % 2 == 0) apply(*left, {change.offset + at, to_bytes(sector), false});
        at += size;
      }
    }
  }

  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t out = 0;
    for (const auto& [name, file] : files_) out += file.now.size();
    return out;
  }

  Result<const File*> find(std::string_view name) const {
    ADYTON_TRY(check_storage_name(name));
    if (crashed_) return gone();
    const auto place = files_.find(name);
    if (place == files_.end()) return Error{ErrorCode::kNotFound, "no such file"};
    return &place->second;
  }
  Result<File*> find(std::string_view name) { return const_cast<File*>(ADYTON_TRY(std::as_const(*this).find(name))); }

  // Around an operation that is done whole or not at all: the first is true if it is not done, the second ends it.
  Result<bool> crashes_before() {
    crashes_after_ = operation_++ == crash_operation_;
    if (crashes_after_ && crash_bytes_ == 0) crashed_ = true;
    return crashed_;
  }
  Result<void> end() {
    if (!crashes_after_) return {};
    crashed_ = true;
    return gone();
  }

  mutable std::mutex mutex_;
  std::map<std::string, File, std::less<>> files_;
  std::uint64_t operation_ = 0;
  std::optional<std::uint64_t> crash_operation_;
  std::uint64_t crash_bytes_ = 0;
  bool crashes_after_ = false;
  bool crashed_ = false;
  std::uint64_t space_ = ~std::uint64_t{0};
};

}  // namespace adyton::testing
