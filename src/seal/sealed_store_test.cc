// SPDX-License-Identifier: Apache-2.0
#include <adyton/sealed_store.h>

#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

namespace adyton {
namespace {

using testing::FakeKeySource;
using testing::MemoryStorage;

FakeKeySource keys_of(std::uint16_t svn = 3) {
  FakeKeySource keys;
  keys.self.product = 7;
  keys.self.svn = svn;
  return keys;
}

class SealedStoreTest : public ::testing::Test {
 protected:
  Result<SealedStore> open(const KeySource& keys, const SealedStoreOptions& options = {}) {
    return SealedStore::open(storage_, keys, SealPolicy::kSigner, "state", options);
  }
  static void put(SealedStore& store, std::string_view key, std::string_view value) {
    SealedBatch batch;
    batch.put(key, as_bytes(value));
    const auto done = store.commit(batch);
    ASSERT_TRUE(done) << done.error().message;
  }
  static std::string get(const SealedStore& store, std::string_view key) {
    const auto value = store.get(key);
    return value ? std::string(as_text(value->expose())) : std::string(name_of(value.error().code));
  }
  static std::string scanned(const SealedStore& store, std::string_view prefix, std::string_view after = {}) {
    std::string out;
    const auto visit = [&](std::string_view key, BytesView value) {
      out += fmt_entry(key, as_text(value));
      return true;
    };
    store.scan(prefix, visit, after);
    return out;
  }
  static std::string fmt_entry(std::string_view key, std::string_view value) {
    return std::string(key) + "=" + std::string(value) + ";";
  }

  std::shared_ptr<MemoryStorage> storage_ = std::make_shared<MemoryStorage>();
  FakeKeySource keys_ = keys_of();
};

TEST_F(SealedStoreTest, KeepsWhatWasCommitted) {
  {
    SealedStore store = open(keys_).value();
    SealedBatch batch;
    batch.put("b/2", as_bytes("two"));
    batch.put("b/1", as_bytes("one"));
    batch.put("a", as_bytes("will be erased"));
    batch.put("c", as_bytes("old"));
    batch.put("c", as_bytes("new"));
    batch.put("empty", {});
    EXPECT_EQ(get(store, "a"), "not_found") << "before the commit";
    ASSERT_TRUE(store.commit(batch));
    SealedBatch second;
    second.erase("a");
    second.erase("never there");
    ASSERT_TRUE(store.commit(second));
    ASSERT_TRUE(store.commit(SealedBatch()));
    EXPECT_EQ(scanned(store, ""), "b/1=one;b/2=two;c=new;empty=;");
  }
  const SealedStore store = open(keys_).value();
  EXPECT_EQ(scanned(store, ""), "b/1=one;b/2=two;c=new;empty=;");
  EXPECT_EQ(scanned(store, "b/"), "b/1=one;b/2=two;");
  EXPECT_EQ(scanned(store, "d"), "");
  EXPECT_EQ(scanned(store, "b/", "a"), "b/1=one;b/2=two;");
  EXPECT_EQ(scanned(store, "b/", "b/1"), "b/2=two;");
  EXPECT_EQ(scanned(store, "b/", "b/2"), "");
  EXPECT_TRUE(store.contains("c"));
  EXPECT_FALSE(store.contains("a"));
  EXPECT_EQ(get(store, "a"), "not_found");
  EXPECT_EQ(store.stats().entries, 4u);
}

TEST_F(SealedStoreTest, OpeningAloneWritesNothing) {
  {
    SealedStore store = open(keys_).value();
    put(store, "key", "value");
  }
  const auto operations = storage_->operations();
  EXPECT_TRUE(open(keys_));
  EXPECT_EQ(storage_->operations(), operations);
}

TEST_F(SealedStoreTest, TheHostSeesNothingInClear) {
  SealedStore store = open(keys_).value();
  put(store, "a name that is secret", "a value that is secret");
  EXPECT_FALSE(as_text(storage_->contents("state")).contains("secret"));
}

TEST_F(SealedStoreTest, IsMadeOnlyWhenAllowed) {
  EXPECT_EQ(open(keys_, {.create = false}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(storage_->list()->size(), 0u);
  EXPECT_TRUE(open(keys_));
  EXPECT_TRUE(open(keys_, {.create = false}));
}

TEST_F(SealedStoreTest, NamesAndKeysAndSizesAreChecked) {
  for (const std::string& name : {std::string(), std::string(".x"), std::string("a/b"), std::string(59, 'x')}) {
    EXPECT_EQ(SealedStore::open(storage_, keys_, SealPolicy::kSigner, name).error().code, ErrorCode::kInvalid) << name;
  }
  EXPECT_TRUE(SealedStore::open(storage_, keys_, SealPolicy::kSigner, std::string(58, 'x')));
  SealedStore store = open(keys_, {.memory_bytes = 1000, .batch_bytes = 600}).value();
  const auto code_of = [&](std::size_t key_bytes, std::size_t value_bytes) {
    SealedBatch batch;
    batch.put(std::string(key_bytes, 'k'), Bytes(value_bytes));
    const auto done = store.commit(batch);
    return done ? "done" : name_of(done.error().code);
  };
  EXPECT_EQ(code_of(0, 1), "invalid");
  EXPECT_EQ(code_of(1025, 1), "invalid");
  EXPECT_EQ(code_of(1, 600), "exhausted");
  EXPECT_EQ(code_of(1, 500), "done");
  EXPECT_EQ(code_of(2, 500), "exhausted");
  EXPECT_EQ(code_of(2, 400), "done");
  EXPECT_EQ(store.stats().entries, 2u);
  EXPECT_EQ(open(keys_, {.memory_bytes = 100}).error().code, ErrorCode::kExhausted);
}

TEST_F(SealedStoreTest, SaysWhyItIsRefusedAndDestroysNothing) {
  {
    SealedStore store = open(keys_).value();
    put(store, "key", "value");
  }
  struct Refusal {
    std::function<void(FakeKeySource&)> change;
    ErrorCode code;
    std::string_view says;
  };
  const Refusal refusals[] = {
      {[](auto& k) { k.backend_name = "sgx"; }, ErrorCode::kDenied, "sealed on back-end fake, this is sgx"},
      {[](auto& k) { k.self.signer.fill(std::byte{9}); }, ErrorCode::kDenied, "sealed by another signer"},
      {[](auto& k) { k.self.product = 8; }, ErrorCode::kDenied, "sealed by another product of this signer (7)"},
      {[](auto& k) { k.self.svn = 2; }, ErrorCode::kDenied, "sealed by a newer version (svn 3), this one is svn 2"},
      {[](auto& k) { k.machine = "other"; }, ErrorCode::kUntrusted, "sealed under a key this machine does not have"},
  };
  const Bytes before = storage_->contents("state");
  for (const Refusal& refusal : refusals) {
    FakeKeySource opener = keys_;
    refusal.change(opener);
    const auto opened = open(opener);
    ASSERT_FALSE(opened) << refusal.says;
    EXPECT_EQ(opened.error().code, refusal.code);
    EXPECT_TRUE(opened.error().message.starts_with("opening sealed store state: ")) << opened.error().message;
    EXPECT_TRUE(opened.error().message.contains(refusal.says)) << opened.error().message;
  }
  const auto other_policy = SealedStore::open(storage_, keys_, SealPolicy::kImage, "state");
  EXPECT_EQ(other_policy.error().code, ErrorCode::kDenied);
  EXPECT_EQ(storage_->contents("state"), before);
  EXPECT_EQ(get(*open(keys_), "key"), "value");
}

TEST_F(SealedStoreTest, AnotherStoresFileIsRefused) {
  ASSERT_TRUE(open(keys_));
  storage_->set_contents("other", storage_->contents("state"));
  const auto opened = SealedStore::open(storage_, keys_, SealPolicy::kSigner, "other");
  EXPECT_EQ(opened.error().code, ErrorCode::kDenied);
}

TEST_F(SealedStoreTest, ImagePolicyHoldsTheVeryImage) {
  ASSERT_TRUE(SealedStore::open(storage_, keys_, SealPolicy::kImage, "state"));
  FakeKeySource modified = keys_;
  modified.self.image.fill(std::byte{9});
  const auto opened = SealedStore::open(storage_, modified, SealPolicy::kImage, "state");
  EXPECT_TRUE(opened.error().message.contains("sealed by another image")) << opened.error().message;
}

TEST_F(SealedStoreTest, AnUpgradeOpensItAndCompactionRekeysIt) {
  {
    SealedStore store = open(keys_of(3)).value();
    put(store, "key", "value");
  }
  FakeKeySource newer = keys_of(4);
  newer.self.image.fill(std::byte{9});
  {
    SealedStore store = open(newer).value();
    EXPECT_EQ(store.stats().svn, 3);
    put(store, "more", "by 4");
  }
  {
    const SealedStore store = open(keys_of(3)).value();  // going back is possible until it is compacted
    EXPECT_EQ(get(store, "more"), "by 4");
  }
  {
    SealedStore store = open(newer).value();
    ASSERT_TRUE(store.compact());
    EXPECT_EQ(store.stats().svn, 4);
    put(store, "last", "by 4");
  }
  const auto refused = open(keys_of(3));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("newer version (svn 4), this one is svn 3")) << refused.error().message;
  EXPECT_EQ(scanned(*open(newer), ""), "key=value;last=by 4;more=by 4;");
}

TEST_F(SealedStoreTest, CompactsByItselfWhenGarbageOutweighsWhatLives) {
  SealedStore store = open(keys_, {.compact_at_least_bytes = 4000}).value();
  const std::string value(100, 'v');
  std::uint64_t largest = 0;
  for (int i = 0; i < 500; ++i) {
    put(store, "key" + std::to_string(i % 10), value + std::to_string(i));
    largest = std::max(largest, store.stats().file_bytes);
  }
  EXPECT_LT(largest, 12'288u + 7'000u);
  EXPECT_EQ(store.stats().entries, 10u);
  EXPECT_EQ(store.stats().file_bytes, storage_->contents("state").size());
  EXPECT_EQ(storage_->list()->size(), 1u);
  EXPECT_EQ(get(*open(keys_), "key3"), value + "493");
}

TEST_F(SealedStoreTest, HoldsMoreThanOneSnapshotBatch) {
  SealedStore store = open(keys_).value();
  for (int i = 0; i < 40; ++i)
    put(store, "key" + std::to_string(i), std::string(100'000, static_cast<char>('a' + i % 26)));
  ASSERT_TRUE(store.compact());
  EXPECT_EQ(store.stats().commits, 4u);
  const SealedStore again = open(keys_).value();
  EXPECT_EQ(scanned(again, ""), scanned(store, ""));
}

TEST_F(SealedStoreTest, AFullDiskChangesNothingAndIsTriedAgain) {
  SealedStore store = open(keys_, {.compact_at_least_bytes = 1000}).value();
  put(store, "key", "old");
  storage_->set_space(storage_->contents("state").size() + 10);
  SealedBatch batch;
  batch.put("key", Bytes(5000));
  const auto failed = store.commit(batch);
  EXPECT_EQ(failed.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(get(store, "key"), "old");
  storage_->set_space(~std::uint64_t{0});
  put(store, "key", "new");
  EXPECT_EQ(get(*open(keys_), "key"), "new");
  // Compaction needs room for a second file: without it, commits go on.
  storage_->set_space(storage_->contents("state").size() + 10'000);
  for (int i = 0; i < 10; ++i) put(store, "key", std::string(500, 'v'));
  EXPECT_TRUE(store.stats().compaction_error.contains("no space left")) << store.stats().compaction_error;
  storage_->set_space(~std::uint64_t{0});
  for (int i = 0; i < 10; ++i) put(store, "key", std::string(500, 'v'));
  EXPECT_EQ(store.stats().compaction_error, "");
  EXPECT_EQ(get(*open(keys_), "key"), std::string(500, 'v'));
}

TEST_F(SealedStoreTest, AfterAnUnknownOutcomeItAsksToBeOpenedAgain) {
  SealedStore store = open(keys_).value();
  put(store, "key", "old");
  storage_->crash_at(storage_->operations(), 1 << 20);
  SealedBatch batch;
  batch.put("key", as_bytes("new"));
  EXPECT_EQ(store.commit(batch).error().code, ErrorCode::kIo);
  const auto again = store.commit(batch);
  EXPECT_EQ(again.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(again.error().message.contains("open the store again")) << again.error().message;
  EXPECT_EQ(get(store, "key"), "old");
}

TEST_F(SealedStoreTest, ThreadsReadWhileOthersCommit) {
  SealedStore store = open(keys_, {.compact_at_least_bytes = 20'000}).value();
  constexpr int kThreads = 4, kCommits = 200;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) {
        SealedBatch batch;  // both or neither
        batch.put("left/" + std::to_string(t), as_bytes(std::to_string(i)));
        batch.put("right/" + std::to_string(t), as_bytes(std::to_string(i)));
        ASSERT_TRUE(store.commit(batch));
        EXPECT_EQ(get(store, "left/" + std::to_string(t)), std::to_string(i));
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; i < kCommits; ++i) {
        std::string left, right;
        store.scan("", [&](std::string_view key, BytesView value) {
          (key.starts_with("left") ? left : right) += std::string(as_text(value)) + ";";
          return true;
        });
        EXPECT_EQ(left, right);
        EXPECT_LE(store.stats().entries, 2u * kThreads);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(get(*open(keys_), "right/2"), std::to_string(kCommits - 1));
}

}  // namespace
}  // namespace adyton
