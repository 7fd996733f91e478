// SPDX-License-Identifier: Apache-2.0
// TCP over the loopback, on the ports that the arguments name; pairs of sockets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

namespace {

template <typename Address>
sockaddr* raw(Address& address) {
  return static_cast<sockaddr*>(static_cast<void*>(&address));
}

sockaddr_in local(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(std::uint16_t(port));
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

void stream(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  sockaddr_in address = local(port);
  std::cout << bind(listener, raw(address), sizeof(address)) << listen(listener, 5) << "\n";
  std::string received;
  std::thread client([&] {
    const int connected = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to = local(port);
    if (connect(connected, raw(to), sizeof(to)) != 0) return;
    const std::string sent(500'000, 's');  // more than goes at once
    for (std::size_t done = 0; done < sent.size();) {
      const ssize_t part = send(connected, sent.data() + done, sent.size() - done, MSG_NOSIGNAL);
      if (part <= 0) break;
      done += std::size_t(part);
    }
    shutdown(connected, SHUT_WR);
    char bytes[64];
    const ssize_t count = recv(connected, bytes, 5, MSG_WAITALL);
    received.assign(bytes, count > 0 ? std::size_t(count) : 0);
    close(connected);
  });
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  const int accepted = accept4(listener, raw(peer), &size, SOCK_CLOEXEC);
  std::cout << (accepted >= 0) << size << (peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) << "\n";
  std::size_t sum = 0;
  char bytes[10'000];
  for (ssize_t count; (count = read(accepted, bytes, sizeof(bytes))) > 0;) sum += std::size_t(count);
  std::cout << sum << "\n";
  iovec parts[2] = {{const_cast<char*>("he"), 2}, {const_cast<char*>("llo"), 3}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  std::cout << sendmsg(accepted, &message, 0) << "\n";
  client.join();
  std::cout << received << "\n";
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  int value = 0;
  socklen_t value_size = sizeof(value);
  getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &value, &value_size);
  size = sizeof(peer);
  std::cout << (value != 0) << getsockname(accepted, raw(peer), &size) << (ntohs(peer.sin_port) == port) << "\n";
  close(accepted);

  // By epoll, without blocking.
  fcntl(listener, F_SETFL, O_NONBLOCK);
  std::cout << accept(listener, nullptr, nullptr) << (errno == EAGAIN) << "\n";
  const int epoll = epoll_create1(0);
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::thread late([&] {
    const int connected = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to = local(port);
    (void)!connect(connected, raw(to), sizeof(to));
    (void)!write(connected, "x", 1);
    close(connected);
  });
  std::cout << epoll_wait(epoll, &event, 1, -1) << epoll_wait(epoll, &event, 1, 0) << "\n";
  const int second = accept(listener, nullptr, nullptr);
  pollfd polled{second, POLLIN, 0};
  std::cout << poll(&polled, 1, -1) << read(second, bytes, 1) << read(second, bytes, 1) << "\n";
  late.join();
  for (const int descriptor : {second, listener, epoll}) close(descriptor);
  const int refused = socket(AF_INET, SOCK_STREAM, 0);
  std::cout << connect(refused, raw(address), sizeof(address)) << std::strerror(errno) << "\n";
  close(refused);
}

void pairs() {
  int ends[2];
  std::cout << socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  (void)!write(ends[0], "one", 3);
  (void)!send(ends[1], "four", 4, 0);
  char bytes[10];
  std::cout << read(ends[1], bytes, 10) << recv(ends[0], bytes, 10, 0);
  shutdown(ends[0], SHUT_WR);
  pollfd polled{ends[1], POLLIN, 0};
  std::cout << read(ends[1], bytes, 10) << poll(&polled, 1, 0) << (polled.revents & POLLIN) << "\n";
  std::cout << write(ends[1], "still", 5) << read(ends[0], bytes, 10) << "\n";
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main(int count, char** arguments) {
  pairs();
  const int port = count > 1 ? std::atoi(arguments[1]) : 0;
  stream(port);
  std::cout << std::flush;
  const int other = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = local(port + 1);
  if (count > 2)
    std::cout << bind(other, raw(address), sizeof(address)) << connect(other, raw(address), sizeof(address))
              << (errno == EACCES) << std::endl;
  return 0;
}
