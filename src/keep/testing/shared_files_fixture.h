// SPDX-License-Identifier: Apache-2.0
// A kernel with two entries of files.write, a folder and a file, over a host that answers as it is told.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "image/manifest.h"
#include "keep/calls.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {

inline constexpr std::uint64_t kAll = ~std::uint64_t{0};
inline constexpr std::uint64_t kFile = 0100644, kFolder = 0040755, kLink = 0120777, kFifo = 0010644;
inline constexpr std::uint64_t kReadWrite = 2, kCreate = 0100, kExclusive = 0200, kAppendFlag = 02000,
                               kFolderFlag = 0200000;

class SharedFilesTest : public testing::Test {
 protected:
  SharedFilesTest() {
    Manifest manifest{.name = "files"};
    manifest.files.write = {"/data/folder", "/single"};
    cbor_ = encode_manifest(manifest);
    kernel_->manifest = MeasuredManifest(cbor_.data(), cbor_.size());
    const std::uint64_t heap = address_of(heap_.get());
    EXPECT_TRUE(kernel_->memory.initialise(heap, heap + kBytes));
    EXPECT_TRUE(kernel_->user.add(heap, heap + kBytes, true));
    EXPECT_TRUE(kernel_->files.initialise(kernel_->memory, kernel_->memory_lock));
    kernel_->descriptors.initialise();
    const Locked locked(kernel_->memory_lock);
    user_ = static_cast<std::uint64_t>(kernel_->memory.map(0, kUserBytes, 3, 0x22));  // readable, writable; private
    thread_.host_page = address_of(page_.get());
    fake_host().thread = &thread_;
    fake_host().answer = [this](const FakeHost::Request& request) { return honest(request); };
  }
  ~SharedFilesTest() override { fake_host() = {}; }

  // A folder that has a file wherever one is looked for, and a single file.
  RawAnswer honest(const FakeHost::Request& request) {
    switch (request.request) {
      case KeepRequest::kPathInfo: return info(request.a == 0 ? kFolder : kFile);
      case KeepRequest::kFileInfo: return info(kFile);
      case KeepRequest::kFileOpen: return {.result = request.b == 0 ? 1u : 0u};
      default: return {};
    }
  }
  RawAnswer info(std::uint64_t mode, std::uint64_t size = 10, std::uint64_t nanoseconds = 5) {
    const KeepFileInfo said{.mode = mode, .number = 7, .size = size, .seconds = 3, .nanoseconds = nanoseconds};
    std::memcpy(page_->data, &said, sizeof(said));
    return {};
  }
  // What the host says to one kind of request, from now on.
  void let(KeepRequest request, std::function<RawAnswer(const FakeHost::Request&)> say) {
    fake_host().answer = [this, request, say = std::move(say)](const FakeHost::Request& asked) {
      return asked.request == request ? say(asked) : honest(asked);
    };
  }
  std::uint64_t put(const std::string& text) {
    std::memcpy(at<char>(user_), text.c_str(), text.size() + 1);
    return user_;
  }
  std::int64_t open(const std::string& path, std::uint64_t flags = kReadWrite) {
    return call_open(*kernel_, kHere, put(path), flags, 0644);
  }
  [[nodiscard]] std::string place(std::uint64_t at_place) const {
    const void* text = page_->data;
    return std::to_string(at_place >> 32) + ":" + std::string(static_cast<const char*>(text), at_place & 0xffffffff);
  }
  [[nodiscard]] Held file(std::int64_t descriptor) const { return {*kernel_, static_cast<std::uint64_t>(descriptor)}; }

  static constexpr std::size_t kBytes = 16 << 20, kUserBytes = 1 << 20;
  static constexpr auto kHere = static_cast<std::uint64_t>(-100);  // AT_FDCWD
  Bytes cbor_;
  std::unique_ptr<void, decltype(&std::free)> heap_{std::aligned_alloc(4096, kBytes), &std::free};
  std::unique_ptr<HostPage> page_ = std::make_unique<HostPage>();
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
  std::uint64_t user_ = 0;
  std::string paths_seen_;
};

inline RawAnswer error_answer(int error) { return {static_cast<std::uint64_t>(-std::int64_t{error})}; }
inline bool is_error(std::int64_t result) { return result < 0 && result >= -133; }

}  // namespace adyton::keep
