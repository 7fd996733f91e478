// SPDX-License-Identifier: Apache-2.0
// The host's streams, and bytes in pieces, over a host that answers as it is told.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "keep/calls.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() {
    EXPECT_TRUE(kernel_->user.add(address_of(&memory_), address_of(&memory_) + sizeof(memory_), true));
    kernel_->descriptors.initialise();
    thread_.host_page = address_of(page_.get());
    fake_host().thread = &thread_;
    fake_host().answer = [this](const FakeHost::Request& request) { return answer(request); };
  }
  ~StreamsTest() override { fake_host() = {}; }

  RawAnswer answer(const FakeHost::Request& request) {
    if (request.request == KeepRequest::kPoll) {
      KeepPolled entry{};
      std::memcpy(&entry, page_->data, sizeof(entry));
      entry.found = polls_ready_ > 0 ? entry.wanted : 0;
      polls_ready_ -= polls_ready_ > 0 ? 1 : 0;
      std::memcpy(page_->data, &entry, sizeof(entry));
      return {};
    }
    if (request.request == KeepRequest::kWrite) {
      const void* data = page_->data;
      written_.append(static_cast<const char*>(data), request.b);
      return {request.b};
    }
    std::memcpy(page_->data, "input", 5);
    return {request.request == KeepRequest::kRead ? std::min<std::uint64_t>(request.b, 5) : 0};
  }
  [[nodiscard]] std::size_t asked(KeepRequest which) const {
    return static_cast<std::size_t>(std::ranges::count(fake_host().requests, which, &FakeHost::Request::request));
  }
  void set_flags(std::uint64_t fd) {
    EXPECT_EQ(call_fcntl(*kernel_, {.rdx = O_NONBLOCK, .rsi = F_SETFL, .rdi = fd}), 0);
  }

  struct Memory {
    alignas(8) char bytes[20'000];
    iovec parts[4];
  };
  Memory memory_{};
  std::unique_ptr<HostPage> page_ = std::make_unique<HostPage>();
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
  int polls_ready_ = 0;
  std::string written_;
};

TEST_F(StreamsTest, InputThatDoesNotBlockIsOnlyReadWhenThereIsSome) {
  const std::uint64_t to = address_of(memory_.bytes);
  EXPECT_EQ(call_read(*kernel_, thread_, 0, to, 10), 5);
  EXPECT_EQ(asked(KeepRequest::kPoll), 0u);
  set_flags(0);
  EXPECT_EQ(call_read(*kernel_, thread_, 0, to, 10), -EAGAIN);
  EXPECT_EQ(asked(KeepRequest::kRead), 1u);
  polls_ready_ = 1;
  EXPECT_EQ(call_read(*kernel_, thread_, 0, to, 10), 5);
  EXPECT_EQ(asked(KeepRequest::kRead), 2u);
}

TEST_F(StreamsTest, OutputThatDoesNotBlockTakesWhatGoes) {
  const std::uint64_t from = address_of(memory_.bytes);
  set_flags(1);
  EXPECT_EQ(call_write(*kernel_, thread_, 1, from, 10'000), -EAGAIN);
  EXPECT_EQ(asked(KeepRequest::kWrite), 0u);
  polls_ready_ = 2;
  EXPECT_EQ(call_write(*kernel_, thread_, 1, from, 10'000), 8192);
  polls_ready_ = 9;
  EXPECT_EQ(call_write(*kernel_, thread_, 1, from, 10'000), 10'000);
}

TEST_F(StreamsTest, PiecesAreOneRequest) {
  std::memcpy(memory_.bytes, "onetwothree", 11);
  memory_.parts[0] = {memory_.bytes, 3};
  memory_.parts[1] = {nullptr, 0};
  memory_.parts[2] = {memory_.bytes + 3, 3};
  memory_.parts[3] = {memory_.bytes + 6, 5};
  const Frame out{.rdx = 4, .rsi = address_of(memory_.parts), .rdi = 1};
  EXPECT_EQ(call_writev(*kernel_, thread_, out), 11);
  EXPECT_EQ(written_, "onetwothree");
  EXPECT_EQ(asked(KeepRequest::kWrite), 1u);
  const Frame in{.rdx = 4, .rsi = address_of(memory_.parts), .rdi = 0};
  EXPECT_EQ(call_readv(*kernel_, thread_, in), 5);
  EXPECT_EQ(std::string(memory_.bytes, 11), "inputothree");
  EXPECT_EQ(asked(KeepRequest::kRead), 1u);
}

TEST_F(StreamsTest, PiecesElsewhereAreRefused) {
  memory_.parts[0] = {memory_.bytes, 3};
  memory_.parts[1] = {page_->data, 3};
  Frame frame{.rdx = 2, .rsi = address_of(memory_.parts), .rdi = 1};
  EXPECT_EQ(call_writev(*kernel_, thread_, frame), -EFAULT);
  memory_.parts[1] = {memory_.bytes, ~std::size_t{0}};
  EXPECT_EQ(call_writev(*kernel_, thread_, frame), -EINVAL);
  frame.rdx = 1025;
  EXPECT_EQ(call_writev(*kernel_, thread_, frame), -EINVAL);
  frame = {.rdx = 2, .rsi = address_of(page_.get()), .rdi = 1};
  EXPECT_EQ(call_writev(*kernel_, thread_, frame), -EFAULT);
  EXPECT_EQ(call_write(*kernel_, thread_, 1, 0, 0), 0);
  EXPECT_EQ(call_read(*kernel_, thread_, 0, 0, 0), 0);
  EXPECT_TRUE(fake_host().requests.empty());
}

// A call holds what it was about, and only that.
TEST_F(StreamsTest, AClosedFileStaysUntilNobodyHoldsIt) {
  OpenFile last;
  const std::int64_t opened = kernel_->descriptors.open({.kind = FileKind::kZeros, .readable = true}, false);
  const auto fd = static_cast<std::uint64_t>(opened);
  const Held first(*kernel_, fd);
  const std::uint64_t id = first->id;
  EXPECT_EQ(kernel_->descriptors.close(fd, last), 0);
  EXPECT_EQ(last.kind, FileKind::kNone);  // still held
  EXPECT_FALSE(Held(*kernel_, fd));
  EXPECT_EQ(kernel_->descriptors.open({.kind = FileKind::kRandom, .readable = true}, false), opened);
  EXPECT_EQ(Held(*kernel_, fd)->kind, FileKind::kRandom);
  EXPECT_EQ(first->kind, FileKind::kZeros);
  EXPECT_EQ(first->id, id);
  EXPECT_FALSE(Held(*kernel_, Descriptors::kMost));  // chdir()'s folder is nobody's descriptor
}

}  // namespace
}  // namespace adyton::keep
