// SPDX-License-Identifier: Apache-2.0
// Sockets under a host that answers nonsense.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "image/manifest.h"
#include "keep/socket_calls.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

class SocketsTest : public testing::Test {
 protected:
  SocketsTest() {
    Manifest manifest{.name = "sockets"};
    manifest.network = {.connect = {443}, .listen = {80}};
    cbor_ = encode_manifest(manifest);
    kernel_->manifest = MeasuredManifest(cbor_.data(), cbor_.size());
    EXPECT_TRUE(kernel_->user.add(address_of(&memory_), address_of(&memory_) + sizeof(memory_), true));
    thread_.host_page = address_of(page_.get());
    fake_host().thread = &thread_;
    fd_ = static_cast<std::uint64_t>(call_socket(*kernel_, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    other_ = static_cast<std::uint64_t>(call_socket(*kernel_, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  }
  ~SocketsTest() override { fake_host() = {}; }

  Frame with_address(std::uint64_t fd, int family, int port) {
    memory_.address = {};
    memory_.address.sin_family = static_cast<sa_family_t>(family);
    memory_.address.sin_port = htons(static_cast<std::uint16_t>(port));
    return {.rdx = sizeof(memory_.address), .rsi = address_of(&memory_.address), .rdi = fd};
  }
  static void answers(std::uint64_t result, std::uint64_t second = 0) {
    fake_host().requests.clear();
    fake_host().answer = [=](const auto& request) {
      return request.request == KeepRequest::kCloseSocket ? RawAnswer{} : RawAnswer{result, second};
    };
  }

  struct Memory {
    alignas(8) sockaddr_in address;
    alignas(8) std::uint32_t size = 16;
    alignas(8) char bytes[64];
    alignas(8) char after[64];
  };
  Memory memory_{};
  Bytes cbor_;
  std::unique_ptr<HostPage> page_ = std::make_unique<HostPage>();
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
  std::uint64_t fd_ = 0, other_ = 0;
};

TEST_F(SocketsTest, OnlyPortsOfTheManifestAreAskedFor) {
  answers(0);
  EXPECT_EQ(call_connect(*kernel_, thread_, with_address(fd_, AF_INET, 80)), -EACCES);
  EXPECT_EQ(call_connect(*kernel_, thread_, with_address(fd_, AF_INET, 0)), -EACCES);
  EXPECT_EQ(call_bind(*kernel_, thread_, with_address(fd_, AF_INET, 443)), -EACCES);
  EXPECT_EQ(call_bind(*kernel_, thread_, with_address(fd_, AF_INET, 0)), -EACCES);
  EXPECT_EQ(call_listen(*kernel_, fd_, 5), -EACCES);
  EXPECT_EQ(call_connect(*kernel_, thread_, with_address(fd_, AF_INET6, 443)), -EAFNOSUPPORT);
  EXPECT_EQ(call_connect(*kernel_, thread_, with_address(fd_, AF_UNIX, 443)), -EAFNOSUPPORT);
  EXPECT_TRUE(fake_host().requests.empty());
  EXPECT_EQ(call_connect(*kernel_, thread_, with_address(fd_, AF_INET, 443)), 0);
  EXPECT_EQ(call_bind(*kernel_, thread_, with_address(other_, AF_INET, 80)), 0);
  EXPECT_EQ(call_listen(*kernel_, other_, 5), 0);
  EXPECT_EQ(fake_host().requests.size(), 3u);
}

TEST_F(SocketsTest, BadAddressesOfTheApplicationAreRefused) {
  answers(0);
  Frame frame = with_address(fd_, AF_INET, 443);
  frame.rdx = 15;
  EXPECT_EQ(call_connect(*kernel_, thread_, frame), -EINVAL);
  frame.rdx = 129;
  EXPECT_EQ(call_connect(*kernel_, thread_, frame), -EINVAL);
  frame.rdx = 16;
  frame.rsi = address_of(this) - 4096;
  EXPECT_EQ(call_connect(*kernel_, thread_, frame), -EFAULT);
  EXPECT_EQ(call_recvfrom(*kernel_, thread_, {.rdx = 1 << 20, .rsi = address_of(memory_.bytes), .rdi = fd_}), -EFAULT);
  EXPECT_TRUE(fake_host().requests.empty());
}

TEST_F(SocketsTest, MoreThanWasAskedForIsAnError) {
  std::memset(page_->data, 'h', sizeof(page_->data));
  std::memset(memory_.after, '!', sizeof(memory_.after));
  const Frame frame{.rdx = 64, .rsi = address_of(memory_.bytes), .rdi = fd_};
  for (const std::uint64_t said : {65ull, 4096ull, 1ull << 32, 1ull << 63, ~0ull - 200}) {
    answers(said);
    EXPECT_EQ(call_recvfrom(*kernel_, thread_, frame), -EIO) << said;
    EXPECT_EQ(call_sendto(*kernel_, thread_, frame), -EIO) << said;
    EXPECT_EQ(memory_.bytes[0], 0);
  }
  answers(64);
  std::memset(page_->data, 'h', sizeof(page_->data));
  EXPECT_EQ(call_recvfrom(*kernel_, thread_, frame), 64);
  EXPECT_EQ(memory_.bytes[63], 'h');
  EXPECT_EQ(memory_.after[0], '!');
}

TEST_F(SocketsTest, AddressesOfTheHostAreOfTheSocketsKindOrNone) {
  std::memset(page_->data, 0xff, 128);
  Frame frame{.rdx = address_of(&memory_.size), .rsi = address_of(&memory_.address), .rdi = fd_};
  for (const std::uint64_t said : {0ull, 15ull, 28ull, 29ull, 128ull, ~0ull}) {
    answers(said);
    EXPECT_LT(call_getsockname(*kernel_, thread_, frame), 0) << said;
  }
  answers(16);
  memory_.size = 2;
  EXPECT_EQ(call_getpeername(*kernel_, thread_, frame), 0);
  EXPECT_EQ(memory_.address.sin_family, AF_INET);  // whatever the host says
  EXPECT_EQ(memory_.address.sin_port, 0);          // no more than there is room for
  EXPECT_EQ(memory_.size, 16u);
}

TEST_F(SocketsTest, AreStreamsAndHaveNoAddressOfTheSender) {
  answers(8);
  for (const int family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(call_socket(*kernel_, static_cast<std::uint64_t>(family), SOCK_DGRAM, 0), -EPROTONOSUPPORT);
    EXPECT_EQ(call_socket(*kernel_, static_cast<std::uint64_t>(family), SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
  }
  EXPECT_TRUE(fake_host().requests.empty());
  Frame frame{.rdx = 8,
              .rsi = address_of(memory_.bytes),
              .rdi = fd_,
              .r8 = address_of(&memory_.address),
              .r9 = address_of(&memory_.size)};
  EXPECT_EQ(call_recvfrom(*kernel_, thread_, frame), 8);
  EXPECT_EQ(memory_.size, 0u);
  frame.r10 = MSG_OOB;
  EXPECT_EQ(call_recvfrom(*kernel_, thread_, frame), -EOPNOTSUPP);
  EXPECT_EQ(call_sendto(*kernel_, thread_, frame), -EOPNOTSUPP);
  EXPECT_EQ(fake_host().requests.size(), 1u);
}

TEST_F(SocketsTest, AnAcceptedOneWithoutAnAddressIsClosedAgain) {
  for (const std::uint64_t said : {0ull, 28ull, 29ull, 1ull << 40}) {
    answers(said);
    EXPECT_EQ(call_accept(*kernel_, thread_, {.rdi = fd_}, 0), -EIO) << said;
  }
  answers(16);
  const std::int64_t accepted = call_accept(*kernel_, thread_, {.rdi = fd_}, 0);
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(Held(*kernel_, static_cast<std::uint64_t>(accepted))->object, Sockets::kFirst + 2);
}

TEST_F(SocketsTest, OptionsAreFewAndTheirValuesAreInts) {
  answers(1ull << 40);
  Frame frame{.rdx = SO_ERROR,
              .rsi = SOL_SOCKET,
              .rdi = fd_,
              .r8 = address_of(&memory_.size),
              .r10 = address_of(memory_.bytes)};
  EXPECT_EQ(call_getsockopt(*kernel_, frame), -EIO);
  answers(134);
  EXPECT_EQ(call_getsockopt(*kernel_, frame), -EIO);
  answers(ECONNREFUSED);
  EXPECT_EQ(call_getsockopt(*kernel_, frame), 0);
  EXPECT_EQ(memory_.bytes[0], ECONNREFUSED);
  frame.rdx = SO_BINDTODEVICE;
  EXPECT_EQ(call_setsockopt(*kernel_, frame), -ENOPROTOOPT);
  EXPECT_EQ(fake_host().requests.size(), 1u);
}

TEST_F(SocketsTest, NoMoreThanThereIsRoomFor) {
  answers(0);
  std::int64_t last = 0;
  for (std::uint64_t count = 0; count <= Sockets::kMost && last >= 0; ++count) {
    last = call_socket(*kernel_, AF_INET6, SOCK_STREAM, 0);
  }
  EXPECT_EQ(last, -ENFILE);
}

}  // namespace
}  // namespace adyton::keep
