// SPDX-License-Identifier: Apache-2.0
// Kills the host at every operation, with every way a disk may look afterwards, and alters the file everywhere.
#include <adyton/sealed_store.h>

#include <map>

#include <gtest/gtest.h>

#include "seal/store_file.h"
#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

namespace adyton {
namespace {

using testing::Crash;
using testing::FakeKeySource;
using testing::MemoryStorage;
using Contents = std::map<std::string, std::string>;

const FakeKeySource kKeys;
constexpr SealedStoreOptions kOptions{.compact_at_least_bytes = 1500};  // so that compaction happens on the way
constexpr int kCommits = 12;

Result<SealedStore> open(const std::shared_ptr<MemoryStorage>& storage, const SealedStoreOptions& options = kOptions) {
  return SealedStore::open(storage, kKeys, SealPolicy::kSigner, "state", options);
}

// Commit number i: both keys of a pair change together, and something is erased.
SealedBatch change(int i) {
  SealedBatch batch;
  const std::string value = std::to_string(i) + std::string(static_cast<std::size_t>(i % 3) * 300, 'x');
  batch.put("left", as_bytes(value));
  batch.put("right", as_bytes(value));
  batch.put("commit" + std::to_string(i), as_bytes(value));
  batch.erase("commit" + std::to_string(i - 2));
  return batch;
}

Contents contents_of(const SealedStore& store) {
  Contents out;
  store.scan("", [&](std::string_view key, BytesView value) { return out.emplace(key, as_text(value)), true; });
  return out;
}

// What the store holds after each number of commits.
const std::vector<Contents>& expected() {
  static const std::vector<Contents> all = [] {
    auto storage = std::make_shared<MemoryStorage>();
    SealedStore store = open(storage).value();
    std::vector<Contents> out{contents_of(store)};
    for (int i = 0; i < kCommits; ++i) {
      EXPECT_TRUE(store.commit(change(i)));
      out.push_back(contents_of(store));
    }
    return out;
  }();
  return all;
}

// Runs from `storage`'s state, `done` commits of which are in it, until the host dies. How many were acknowledged.
int run(const std::shared_ptr<MemoryStorage>& storage, int done) {
  auto store = open(storage);
  if (!store) return done;
  while (done < kCommits && store->commit(change(done))) ++done;
  return done;
}

// The number of commits that `storage` holds; complains unless it is `acknowledged` or one more, whole.
int check_after_crash(const std::shared_ptr<MemoryStorage>& storage, int acknowledged, const std::string& what) {
  const auto store = open(storage);
  if (!store) {
    ADD_FAILURE() << what << ": " << store.error().message;
    return kCommits;
  }
  const Contents found = contents_of(*store);
  if (found == expected()[static_cast<std::size_t>(acknowledged)]) return acknowledged;
  const auto next = static_cast<std::size_t>(acknowledged) + 1;
  EXPECT_TRUE(next < expected().size() && found == expected()[next]) << what << ": neither whole nor absent";
  return acknowledged + 1;
}

struct Death {
  Crash crash;
  unsigned seed;
};
constexpr Death kDeaths[] = {{Crash::kKill, 0},     {Crash::kLoseAll, 0},  {Crash::kLoseSome, 1},
                             {Crash::kLoseSome, 2}, {Crash::kLoseSome, 3}, {Crash::kTearSome, 1},
                             {Crash::kTearSome, 2}, {Crash::kTearSome, 3}};
constexpr std::uint64_t kTorn[] = {0, 1, 4, 40, 87, 511, 700, 5000, 1 << 20};

TEST(SealedStoreCrash, NoOperationMayLoseAnAcknowledgedCommit) {
  const auto whole = std::make_shared<MemoryStorage>();
  ASSERT_EQ(run(whole, 0), kCommits);
  ASSERT_GT(whole->operations(), 2u * kCommits + 6) << "compaction did not happen";
  for (std::uint64_t operation = 0; operation < whole->operations(); ++operation) {
    for (const std::uint64_t torn : kTorn) {
      const auto storage = std::make_shared<MemoryStorage>();
      storage->crash_at(operation, torn);
      const int acknowledged = run(storage, 0);
      for (const auto& [crash, seed] : kDeaths) {
        const std::string what = "operation " + std::to_string(operation) + " torn at " + std::to_string(torn) +
                                 ", crash " + std::to_string(static_cast<int>(crash)) + "/" + std::to_string(seed);
        const auto found = storage->after(crash, seed);
        const int there = check_after_crash(found, acknowledged, what);
        EXPECT_EQ(run(found, there), kCommits) << what << ": does not go on";
        const auto store = open(found);
        ASSERT_TRUE(store) << what << ": " << store.error().message;
        EXPECT_EQ(contents_of(*store), expected().back()) << what;
        EXPECT_EQ(store->stats().file_bytes, found->contents("state").size())
            << what << ": something is left behind it";
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(SealedStoreCrash, CrashingAgainWhileOpeningLosesNothingEither) {
  const auto whole = std::make_shared<MemoryStorage>();
  run(whole, 0);
  unsigned seed = 0;
  for (std::uint64_t operation = 0; operation < whole->operations(); ++operation) {
    for (const Crash first : {Crash::kKill, Crash::kLoseSome, Crash::kTearSome}) {
      const auto storage = std::make_shared<MemoryStorage>();
      storage->crash_at(operation, operation % 3 == 0 ? 50 : 1 << 20);
      const int before = run(storage, 0);
      for (std::uint64_t second = 0; second < 7; ++second) {
        for (const std::uint64_t torn : {std::uint64_t{0}, std::uint64_t{50}, std::uint64_t{1} << 20}) {
          for (const Crash last : {Crash::kLoseAll, Crash::kLoseSome, Crash::kTearSome}) {
            ++seed;
            const std::string what = "operation " + std::to_string(operation) + ", crash " +
                                     std::to_string(static_cast<int>(first)) + ", then " + std::to_string(second) +
                                     " torn at " + std::to_string(torn) + ", seed " + std::to_string(seed);
            // The second life finds one commit more than the first acknowledged, or does it again.
            const auto found = storage->after(first, seed);
            found->crash_at(second, torn);
            const int acknowledged = run(found, before);
            const auto store = open(found->after(last, seed));
            ASSERT_TRUE(store) << what << ": " << store.error().message;
            const Contents contents = contents_of(*store);
            const auto place = std::ranges::find(expected(), contents);
            ASSERT_NE(place, expected().end()) << what << ": half a commit";
            const auto there = place - expected().begin();
            EXPECT_GE(there, acknowledged) << what << ": lost";
            EXPECT_LE(there, acknowledged + 1) << what;
            if (::testing::Test::HasFailure()) return;
          }
        }
      }
    }
  }
}

class SealedStoreTampering : public ::testing::Test {
 protected:
  void SetUp() override {
    SealedStore store = open(storage_).value();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(store.commit(change(i)));
      ends_.push_back(store.stats().file_bytes);
      states_.push_back(storage_->contents("state"));
    }
    file_ = states_.back();
    contents_ = contents_of(store);
  }

  // Opens an altered file: it is refused for a reason that says `says` and left alone.
  void expect_refused(const Bytes& altered, std::string_view says, const std::string& what) {
    storage_->set_contents("state", altered);
    const auto store = open(storage_);
    ASSERT_FALSE(store) << what;
    EXPECT_TRUE(store.error().message.contains(says)) << what << ": " << store.error().message;
    EXPECT_EQ(storage_->contents("state"), altered) << what;
  }

  std::shared_ptr<MemoryStorage> storage_ = std::make_shared<MemoryStorage>();
  std::vector<std::uint64_t> ends_;  // of the file after each commit
  std::vector<Bytes> states_;        // the file after each commit
  Bytes file_;
  Contents contents_;
};

TEST_F(SealedStoreTampering, EveryTruncationIsRefused) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    expect_refused(to_bytes(BytesView(file_).first(size)), "cut short", "cut to " + std::to_string(size));
  }
}

TEST_F(SealedStoreTampering, CuttingWholeBatchesIsRefused) {
  expect_refused(to_bytes(BytesView(file_).first(ends_[1])),
                 "cut short: 4 batches were committed, 3 of them are intact", "the last batch");
  expect_refused(to_bytes(BytesView(file_).first(ends_[0])),
                 "cut short: 4 batches were committed, 2 of them are intact", "two batches");
}

// A flip is refused, or, in the one head slot that a crash may leave half written, repaired without loss.
TEST_F(SealedStoreTampering, EveryBitFlipIsRefusedOrHarmless) {
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < file_.size(); ++at) {
    Bytes altered = file_;
    altered[at] ^= std::byte{1} << (at % 8);
    storage_->set_contents("state", altered);
    const auto store = open(storage_);
    if (!store) {
      EXPECT_EQ(storage_->contents("state"), altered);
      continue;
    }
    EXPECT_EQ(contents_of(*store), contents_) << at;
    EXPECT_EQ(at / StoreFile::kPageBytes, 1u) << at << ": not in the last batch's slot";
    ++harmless;
  }
  EXPECT_EQ(harmless, 88u) << "a head slot's bytes";
}

TEST_F(SealedStoreTampering, OldBatchesAndOldHeadsDoNotFit) {
  // An older head slot in place of the newest: the other slot still tells that the file was cut.
  const auto with_slot = [&](const Bytes& file, std::size_t slot, const Bytes& from) {
    Bytes out = file;
    const auto offset = StoreFile::kPageBytes * (1 + slot);
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), StoreFile::kPageBytes,
                out.begin() + static_cast<std::ptrdiff_t>(offset));
    return out;
  };
  Bytes cut = to_bytes(BytesView(file_).first(ends_[0]));
  expect_refused(with_slot(cut, 0, states_[1]), "cut short", "an old head for the newest");
  // A head slot made unreadable says no less: its batch had been committed before it was written.
  Bytes garbled = to_bytes(BytesView(file_).first(ends_[1]));
  garbled[StoreFile::kPageBytes + 10] ^= std::byte{1};
  expect_refused(garbled, "cut short: 4 batches were committed, 3", "a garbled head");
  // Batches in another order.
  Bytes swapped = to_bytes(BytesView(file_).first(ends_[0]));
  swapped.insert(swapped.end(), file_.begin() + static_cast<std::ptrdiff_t>(ends_[1]), file_.end());
  swapped.insert(swapped.end(), file_.begin() + static_cast<std::ptrdiff_t>(ends_[0]),
                 file_.begin() + static_cast<std::ptrdiff_t>(ends_[1]));
  expect_refused(swapped, "altered", "swapped batches");
  // The slots of one another.
  Bytes exchanged = file_;
  std::swap_ranges(exchanged.begin() + StoreFile::kPageBytes, exchanged.begin() + 2 * StoreFile::kPageBytes,
                   exchanged.begin() + 2 * StoreFile::kPageBytes);
  expect_refused(exchanged, "neither of its heads verifies", "exchanged heads");
}

// A host that kept a batch which it said it could not write cannot put it in the place of the one that took its number:
// neither while the heads tell of that one, nor later, when only the batch after it does.
TEST_F(SealedStoreTampering, AFailedBatchCannotReplaceItsSuccessor) {
  const auto failed = storage_->after(Crash::kKill);
  failed->crash_at(0, 1 << 20);
  ASSERT_FALSE(open(failed, {})->commit(change(3)));
  const Bytes failed_file = failed->after(Crash::kKill)->contents("state");
  SealedStore successor = open(storage_, {}).value();
  for (int i = 3; i < 6; ++i) {
    ASSERT_TRUE(successor.commit(change(i)));
    Bytes spliced = storage_->contents("state");
    std::copy(failed_file.begin() + static_cast<std::ptrdiff_t>(file_.size()), failed_file.end(),
              spliced.begin() + static_cast<std::ptrdiff_t>(file_.size()));
    const auto host = std::make_shared<MemoryStorage>();
    host->set_contents("state", spliced);
    const auto opened = open(host);
    ASSERT_FALSE(opened) << i;
    EXPECT_TRUE(opened.error().message.contains("altered")) << opened.error().message;
  }
}

// What follows the last batch was never committed: a crash leaves such things.
TEST_F(SealedStoreTampering, WhatIsAppendedIsCutOff) {
  Bytes longer = file_;
  longer.resize(file_.size() + 5000, std::byte{1});
  storage_->set_contents("state", longer);
  EXPECT_EQ(contents_of(*open(storage_)), contents_);
  EXPECT_EQ(storage_->contents("state"), file_);
}

// What a crash leaves and what comes after it are never under one key: no record repeats a salt.
TEST_F(SealedStoreTampering, NoTwoRecordsShareAKey) {
  std::vector<Bytes> salts;
  for (int life = 0; life < 20; ++life) {
    const auto storage = std::make_shared<MemoryStorage>();
    storage->set_contents("state", file_);
    ASSERT_TRUE(open(storage, {})->commit(change(3)));
    const Bytes after = storage->contents("state");
    salts.push_back(to_bytes(BytesView(after).subspan(file_.size() + 4, 32)));
    salts.push_back(to_bytes(BytesView(after).subspan(2 * StoreFile::kPageBytes, 32)));
  }
  std::ranges::sort(salts);
  EXPECT_EQ(std::ranges::adjacent_find(salts), salts.end());
}

}  // namespace
}  // namespace adyton
