// SPDX-License-Identifier: Apache-2.0
// Bytes in several pieces, none at all, and the flags of send() and recv() on a pair of sockets.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

// What a call that may fail says.
std::string told(ssize_t result) { return std::to_string(result) + (result < 0 ? std::strerror(errno) : "") + " "; }

void pieces() {
  int ends[2];
  (void)!pipe(ends);
  (void)!write(ends[1], "abcd", 4);
  char first[4], second[100];
  iovec parts[3] = {{first, 4}, {nullptr, 0}, {second, sizeof(second)}};
  std::cout << told(readv(ends[0], parts, 3)) << std::string(first, 4);  // does not wait for more
  (void)!write(ends[1], "abcdefgh", 8);
  const ssize_t count = readv(ends[0], parts, 3);
  std::cout << count << std::string(second, std::size_t(count) - 4);
  std::cout << told(readv(ends[0], nullptr, 0)) << told(writev(ends[1], nullptr, 0)) << told(readv(ends[0], parts, -1));

  // One write of two pieces is one: nobody's comes between, up to PIPE_BUF.
  int mixed = 0;
  {
    const auto writes = [&](char letter) {
      char bytes[60];
      std::memset(bytes, letter, sizeof(bytes));
      iovec halves[2] = {{bytes, 20}, {bytes + 20, 40}};
      for (int round = 0; round < 2000; ++round) (void)!writev(ends[1], halves, 2);
    };
    const std::jthread a(writes, 'a'), b(writes, 'b');
    for (int round = 0; round < 4000; ++round) {
      char bytes[60];
      for (std::size_t done = 0; done < sizeof(bytes);) {
        const ssize_t part = read(ends[0], bytes + done, sizeof(bytes) - done);
        if (part <= 0) return;
        done += std::size_t(part);
      }
      mixed += std::string(bytes, 60) != std::string(60, bytes[0]) ? 1 : 0;
    }
  }
  std::cout << mixed << "\n";

  const int event = eventfd(5, 0);
  std::uint32_t halves[2] = {};
  iovec event_parts[2] = {{halves, 4}, {halves + 1, 4}};
  std::cout << told(readv(event, event_parts, 2)) << halves[0] << told(read(event, nullptr, 0));

  const int file = open("/tmp/pieces", O_CREAT | O_TRUNC | O_RDWR, 0600);
  std::vector<char> much(150'000, 'm'), rest(70'000, 'r');
  iovec large[2] = {{much.data(), much.size()}, {rest.data(), rest.size()}};
  std::cout << told(writev(file, large, 2)) << lseek(file, 0, SEEK_SET) << " ";
  much.assign(much.size(), ' ');
  rest.assign(rest.size(), ' ');
  std::cout << told(readv(file, large, 2)) << much.back() << rest.front() << rest.back() << told(readv(file, large, 2));
  std::cout << told(write(file, nullptr, 0)) << told(read(file, nullptr, 0)) << told(pread(file, nullptr, 0, 0))
            << told(pwrite(file, nullptr, 0, 0)) << told(write(1, nullptr, 0)) << told(read(ends[0], nullptr, 0))
            << "\n";
  for (const int one : {ends[0], ends[1], event, file}) close(one);
  unlink("/tmp/pieces");
}

void flags() {
  int ends[2];
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  char bytes[16];
  std::cout << told(recv(ends[1], bytes, 9, MSG_DONTWAIT)) << told(recv(ends[1], nullptr, 0, MSG_DONTWAIT));
  (void)!send(ends[0], "abc", 3, MSG_MORE);
  std::cout << told(recv(ends[1], bytes, 9, MSG_PEEK)) << told(recv(ends[1], bytes, 2, MSG_PEEK));
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    (void)!send(ends[0], "defgh", 5, 0);
  });
  std::cout << told(recv(ends[1], bytes, 8, MSG_WAITALL)) << std::string(bytes, 8) << "\n";
  later.join();

  sockaddr_un address{};
  socklen_t size = sizeof(address);
  (void)!send(ends[0], "x", 1, 0);
  const auto raw = static_cast<sockaddr*>(static_cast<void*>(&address));
  std::cout << told(recvfrom(ends[1], bytes, 1, 0, raw, &size)) << size;
  size = sizeof(address);
  std::cout << told(getsockname(ends[0], raw, &size)) << size << (address.sun_family == AF_UNIX);
  size = sizeof(address);
  std::cout << told(getpeername(ends[0], raw, &size)) << size;
  for (const int name : {SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN}) {
    int value = -1;
    size = sizeof(value);
    std::cout << " " << getsockopt(ends[0], SOL_SOCKET, name, &value, &size) << value;
  }
  const int one = 1;
  std::cout << setsockopt(ends[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) << told(listen(ends[0], 1))
            << told(accept(ends[0], nullptr, nullptr)) << "\n";

  // In pieces, more than there is room for, from a message that is only to be read.
  static const std::vector<char> much(100'000, 'm');
  static iovec parts[2] = {{const_cast<char*>(much.data()), 60'000}, {const_cast<char*>(much.data()) + 60'000, 40'000}};
  static const msghdr message = [] {
    msghdr out{};
    out.msg_iov = parts;
    out.msg_iovlen = 2;
    return out;
  }();
  ssize_t sent = 0;
  {
    const std::jthread sends([&] { sent = sendmsg(ends[0], &message, MSG_NOSIGNAL); });
    std::vector<char> all(much.size());
    std::cout << told(recv(ends[1], all.data(), all.size(), MSG_WAITALL)) << (all == much);
  }
  std::cout << told(sent);
  (void)!write(ends[0], "0123456789", 10);
  iovec into[2] = {{bytes, 4}, {bytes + 4, 12}};
  msghdr received{};
  received.msg_name = &address;
  received.msg_namelen = sizeof(address);
  received.msg_iov = into;
  received.msg_iovlen = 2;
  std::cout << told(recvmsg(ends[1], &received, 0)) << std::string(bytes, 10) << received.msg_namelen
            << received.msg_flags;
  std::cout << told(sendto(ends[0], "x", 1, 0, raw, sizeof(address)));
  close(ends[1]);
  std::cout << told(send(ends[0], "x", 1, MSG_NOSIGNAL)) << told(recv(ends[0], bytes, 1, 0)) << std::endl;
  close(ends[0]);
}

}  // namespace

int main() {
  pieces();
  flags();
  return 0;
}
