// SPDX-License-Identifier: Apache-2.0
// A hostile enclave at the calls that every host answers.
#include "platform/builtin_calls.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "call/builtin_calls.h"
#include "call/endpoint.h"
#include "testing/memory_storage.h"

namespace adyton {
namespace {

// Storage that must not be reached with what it was not made for.
class StrictStorage : public testing::MemoryStorage {
 public:
  Result<Bytes> read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const override {
    EXPECT_TRUE(check_storage_name(name));
    EXPECT_LE(max_bytes, kStorageCallBytes);
    return MemoryStorage::read(name, offset, max_bytes);
  }
  Result<void> write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) override {
    EXPECT_TRUE(check_storage_name(name));
    EXPECT_LE(bytes.size(), kStorageCallBytes);
    return MemoryStorage::write(name, offset, bytes, sync);
  }
  Result<void> rename(std::string_view from, std::string_view to) override {
    EXPECT_TRUE(check_storage_name(from) && check_storage_name(to));
    return MemoryStorage::rename(from, to);
  }
};

class BuiltinCalls : public ::testing::Test {
 protected:
  explicit BuiltinCalls(std::shared_ptr<Storage> storage = std::make_shared<StrictStorage>())
      : memory_(SharedMemory::make(Endpoint::memory_bytes({}, 1)).value()) {
    std::string folder = ::testing::TempDir() + "builtin-calls-XXXXXX";
    folder_ = mkdtemp(folder.data());
    Identity identity{.name = "vault", .product = 1, .svn = 5};
    auto root = std::make_shared<DevelopmentRoot>(folder_ / "root");
    host_ = Endpoint::make_host(memory_.alias(), {}, as_bytes("-"),
                                builtin_handlers("process", identity, std::move(storage), root))
                .value();
    enclave_ = Endpoint::open_enclave(memory_.alias()).value();
  }
  ~BuiltinCalls() override {
    enclave_->close({});
    host_->close({});
    std::filesystem::remove_all(folder_);
  }

  template <HostCallType C, class... A>
  auto call(const C& target, A&&... arguments) {
    return detail::call_through(*enclave_, {}, target, std::forward<A>(arguments)...);
  }
  // The code of a call's error.
  template <HostCallType C, class... A>
  ErrorCode refusal(const C& target, A&&... arguments) {
    const auto result = call(target, std::forward<A>(arguments)...);
    EXPECT_FALSE(result);
    return result ? ErrorCode{} : result.error().code;
  }

  SharedMemory memory_;
  std::filesystem::path folder_;
  std::unique_ptr<Endpoint> host_, enclave_;
};

class BuiltinCallsWithoutStorage : public BuiltinCalls {
 protected:
  BuiltinCallsWithoutStorage() : BuiltinCalls(nullptr) {}
};

TEST_F(BuiltinCalls, StorageWorks) {
  ASSERT_TRUE(call(builtin::storage_write, "file", 0u, as_bytes("hello"), true));
  EXPECT_EQ(*call(builtin::storage_size, "file"), 5u);
  EXPECT_EQ(*call(builtin::storage_read, "file", 1u, 3u), to_bytes("ell"));
  ASSERT_TRUE(call(builtin::storage_truncate, "file", 2u));
  ASSERT_TRUE(call(builtin::storage_rename, "file", "other"));
  EXPECT_EQ(*call(builtin::storage_list), std::vector<std::string>{"other"});
  ASSERT_TRUE(call(builtin::storage_remove, "other"));
  EXPECT_EQ(refusal(builtin::storage_size, "other"), ErrorCode::kNotFound);
}

TEST_F(BuiltinCalls, NamesThatLeadElsewhereAreRefused) {
  for (const std::string& name :
       {std::string(), std::string(".."), std::string("../x"), std::string("a/b"), std::string("/etc/passwd"),
        std::string(65, 'a'), std::string("a\0b", 3), std::string(".hidden"), std::string("Upper")}) {
    EXPECT_EQ(refusal(builtin::storage_size, name), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_read, name, 0u, 1u), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_write, name, 0u, Bytes(1), false), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_truncate, name, 0u), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_rename, "good", name), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_rename, name, "good"), ErrorCode::kInvalid) << name;
    EXPECT_EQ(refusal(builtin::storage_remove, name), ErrorCode::kInvalid) << name;
  }
}

TEST_F(BuiltinCalls, SizesBeyondTheLimitAreRefused) {
  EXPECT_EQ(refusal(builtin::storage_read, "file", 0u, kStorageCallBytes + 1), ErrorCode::kInvalid);
  EXPECT_EQ(refusal(builtin::storage_write, "file", 0u, Bytes(kStorageCallBytes + 1), false), ErrorCode::kInvalid);
  EXPECT_TRUE(call(builtin::storage_write, "file", 0u, Bytes(kStorageCallBytes), false));
}

TEST_F(BuiltinCallsWithoutStorage, StorageIsNotFound) {
  EXPECT_EQ(refusal(builtin::storage_list), ErrorCode::kNotFound);
  EXPECT_EQ(refusal(builtin::storage_read, "file", 0u, 1u), ErrorCode::kNotFound);
  EXPECT_EQ(refusal(builtin::storage_write, "../x", 0u, Bytes(1), false), ErrorCode::kNotFound);
}

TEST_F(BuiltinCalls, KeysAreThoseOfTheLaunchedIdentity) {
  const auto key = call(builtin::sealing_key, std::uint8_t{2}, "label", std::optional<std::uint16_t>{});
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->size(), 32u);
  EXPECT_EQ(*call(builtin::sealing_key, std::uint8_t{2}, "label", std::optional<std::uint16_t>{5}), *key);
  EXPECT_NE(*call(builtin::sealing_key, std::uint8_t{1}, "label", std::optional<std::uint16_t>{}), *key);
  EXPECT_EQ(refusal(builtin::sealing_key, std::uint8_t{2}, "label", std::optional<std::uint16_t>{6}),
            ErrorCode::kDenied);
  EXPECT_EQ(refusal(builtin::sealing_key, std::uint8_t{0}, "label", std::optional<std::uint16_t>{}),
            ErrorCode::kInvalid);
  EXPECT_EQ(refusal(builtin::sealing_key, std::uint8_t{255}, "label", std::optional<std::uint16_t>{}),
            ErrorCode::kInvalid);
  EXPECT_EQ(refusal(builtin::sealing_key, std::uint8_t{1}, "", std::optional<std::uint16_t>{}), ErrorCode::kInvalid);
  EXPECT_EQ(refusal(builtin::sealing_key, std::uint8_t{1}, std::string(65, 'l'), std::optional<std::uint16_t>{}),
            ErrorCode::kInvalid);
}

TEST_F(BuiltinCalls, EvidenceTakesASmallAmountOfData) {
  EXPECT_TRUE(call(builtin::evidence, Bytes(64)));
  EXPECT_TRUE(call(builtin::evidence, Bytes()));
  EXPECT_EQ(refusal(builtin::evidence, Bytes(65)), ErrorCode::kInvalid);
  EXPECT_EQ(refusal(builtin::evidence, Bytes(1 << 20)), ErrorCode::kInvalid);
}

// What an SGX enclave can ask, at a host with this quoting enclave.
class SgxBuiltinCalls : public ::testing::Test {
 protected:
  class CountingQuotes : public QuoteSource {
   public:
    Result<Bytes> target_info() override { return Bytes(512); }
    Result<Bytes> quote(BytesView report) override {
      EXPECT_EQ(report.size(), 432u);
      ++made;
      return to_bytes(as_bytes("quote"));
    }
    int made = 0;
  };

  explicit SgxBuiltinCalls(std::shared_ptr<CountingQuotes> quotes = std::make_shared<CountingQuotes>())
      : quotes_(std::move(quotes)), memory_(SharedMemory::make(Endpoint::memory_bytes({}, 1)).value()) {
    host_ = Endpoint::make_host(memory_.alias(), {}, as_bytes("-"),
                                sgx_builtin_handlers(std::make_shared<StrictStorage>(), quotes_))
                .value();
    enclave_ = Endpoint::open_enclave(memory_.alias()).value();
  }
  ~SgxBuiltinCalls() override {
    enclave_->close({});
    host_->close({});
  }
  template <HostCallType C, class... A>
  auto call(const C& target, A&&... arguments) {
    return detail::call_through(*enclave_, {}, target, std::forward<A>(arguments)...);
  }

  std::shared_ptr<CountingQuotes> quotes_;
  SharedMemory memory_;
  std::unique_ptr<Endpoint> host_, enclave_;
};

TEST_F(SgxBuiltinCalls, QuotesAreOfReportsOnly) {
  EXPECT_EQ(call(builtin::quote_target).value().size(), 512u);
  for (const std::size_t size : {0, 1, 384, 431, 433, 1 << 20}) {
    EXPECT_EQ(call(builtin::quote, Bytes(size)).error().code, ErrorCode::kInvalid) << size;
  }
  EXPECT_EQ(quotes_->made, 0);
  EXPECT_EQ(call(builtin::quote, Bytes(432)).value(), to_bytes(as_bytes("quote")));
  EXPECT_EQ(quotes_->made, 1);
}

TEST_F(SgxBuiltinCalls, TheHostVouchesForNothingAndGivesNoKeys) {
  EXPECT_EQ(call(builtin::evidence, Bytes(64)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(call(builtin::sealing_key, std::uint8_t{2}, "label", std::optional<std::uint16_t>{}).error().code,
            ErrorCode::kNotFound);
  EXPECT_TRUE(call(builtin::storage_write, "file", 0u, Bytes(1), false));
  EXPECT_EQ(call(builtin::storage_write, "../x", 0u, Bytes(1), false).error().code, ErrorCode::kInvalid);
}

class SgxBuiltinCallsWithoutQuotes : public SgxBuiltinCalls {
 protected:
  SgxBuiltinCallsWithoutQuotes() : SgxBuiltinCalls(nullptr) {}
};

TEST_F(SgxBuiltinCallsWithoutQuotes, SayWhatIsMissing) {
  EXPECT_EQ(call(builtin::quote_target).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(call(builtin::quote, Bytes(432)).error().code, ErrorCode::kUnavailable);
}

TEST(QuotesOnDemand, AreOpenedWhenAskedForAndTriedAgain) {
  class Quotes : public QuoteSource {
   public:
    Result<Bytes> target_info() override { return Bytes(512); }
    Result<Bytes> quote(BytesView report) override { return to_bytes(report); }
  };
  int opened = 0;
  bool there = false;
  const auto quotes = on_demand([&]() -> Result<std::unique_ptr<QuoteSource>> {
    ++opened;
    if (!there) return Error{ErrorCode::kUnavailable, "start the service"};
    return std::make_unique<Quotes>();
  });
  EXPECT_EQ(opened, 0);
  EXPECT_EQ(quotes->target_info().error().message, "start the service");
  there = true;
  EXPECT_EQ(quotes->target_info().value().size(), 512u);
  EXPECT_EQ(quotes->quote(Bytes(3)).value().size(), 3u);
  EXPECT_EQ(opened, 2);
}

}  // namespace
}  // namespace adyton
