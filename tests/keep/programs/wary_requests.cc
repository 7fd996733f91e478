// SPDX-License-Identifier: Apache-2.0
// Trusts its host as far as docs/keep.md says that it can, of sockets, files, poll, timers and processors. argv[1]:
// what is looked at, argv[2]: how often. Ends with 0, or with 99 after saying which promise was broken.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "promise.h"
#include "wary.h"

namespace {

// What a call gave: at most `most`, or an error that has a name.
long given(long result, long most) {
  PROMISE((result >= 0 && result <= most) || (result == -1 && errno > 0 && errno <= 133));
  return result;
}

struct Guarded {
  char before[64], bytes[1000], after[64];
  Guarded() { memset(this, 0x33, sizeof(*this)); }
  void check(long count) const {
    for (const char byte : before) PROMISE(byte == 0x33);
    for (long i = count < 0 ? 0 : count; i < long{sizeof(bytes)}; ++i) PROMISE(bytes[i] == 0x33);
    for (const char byte : after) PROMISE(byte == 0x33);
  }
};

struct Address {
  sockaddr_storage place;
  char after[64];
  socklen_t size = sizeof(place);
  Address() { memset(after, 0x33, sizeof(after)); }
  sockaddr* raw() { return static_cast<sockaddr*>(static_cast<void*>(&place)); }
  void check(long result) const {
    if (result >= 0) PROMISE(size == 0 || (size == sizeof(sockaddr_in) && place.ss_family == AF_INET));
    for (const char byte : after) PROMISE(byte == 0x33);
  }
};

void look_at_sockets(long times) {
  for (long time = 0; time < times; ++time) {
    const int own = static_cast<int>(given(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), 1023));
    if (own < 0) continue;
    PROMISE(own > 2);
    int value = 1;
    socklen_t size = sizeof(value);
    given(setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)), 0);
    if (given(getsockopt(own, SOL_SOCKET, SO_RCVBUF, &value, &size), 0) == 0) PROMISE(size == sizeof(value));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kWaryPort);
    auto* const raw_to = static_cast<sockaddr*>(static_cast<void*>(&to));
    given(bind(own, raw_to, sizeof(to)), 0);
    given(listen(own, 5), 0);
    given(connect(own, raw_to, sizeof(to)), 0);
    Address peer, name, other;
    const long accepted = given(accept4(own, peer.raw(), &peer.size, SOCK_NONBLOCK), 1023);
    peer.check(accepted);
    if (accepted >= 0) PROMISE(accepted != own && accepted > 2 && close(static_cast<int>(accepted)) == 0);
    name.check(given(getsockname(own, name.raw(), &name.size), 0));
    other.check(given(getpeername(own, other.raw(), &other.size), 0));
    Guarded sent, received, with_address;
    given(send(own, sent.bytes, sizeof(sent.bytes), MSG_NOSIGNAL), sizeof(sent.bytes));
    given(sendto(own, sent.bytes, sizeof(sent.bytes), MSG_NOSIGNAL, raw_to, sizeof(to)), sizeof(sent.bytes));
    received.check(given(recv(own, received.bytes, sizeof(received.bytes), MSG_PEEK), sizeof(received.bytes)));
    Address from;
    const long count = given(recvfrom(own, with_address.bytes, sizeof(with_address.bytes), 0, from.raw(), &from.size),
                             sizeof(sent.bytes));
    with_address.check(count);
    from.check(count);
    given(shutdown(own, SHUT_RDWR), 0);
    PROMISE(close(own) == 0);
  }
}

// The digest is of another file: it is never there, whatever it consists of.
void look_at_files(long times) {
  for (long time = 0; time < times; ++time) PROMISE(given(open(kWaryFile, O_RDONLY), 0) == -1);
}

// Its own streams are ready or not, as the host says; a pipe is what is in it.
void look_at_polls(long times) {
  int ends[2];
  PROMISE(pipe(ends) == 0);
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 77;
  PROMISE(epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event) == 0);
  for (long time = 0; time < times; ++time) {
    pollfd list[4] = {{0, POLLIN, 0}, {ends[0], POLLIN, 0}, {1, POLLOUT, 0}, {-1, POLLIN, 0x33}};
    const long ready = given(poll(list, 3, 0), 2);
    PROMISE(ready < 0 || ready == (list[0].revents != 0) + (list[2].revents != 0));
    PROMISE(ready < 0 || (list[0].revents & ~(POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0);
    PROMISE(list[1].revents == 0 && list[3].revents == 0x33);
    epoll_event found[2] = {};
    const long events = given(epoll_wait(epoll, found, 2, 0), 1);
    PROMISE(events != 1 || (found[0].data.u64 == 77 && (found[0].events & ~(EPOLLIN | EPOLLHUP | EPOLLERR)) == 0));
    PROMISE(found[1].events == 0);
  }
}

volatile int handled = 0;
void count(int) { handled = handled + 1; }

// It is time when the clock says so, and what the host makes of the alarm is all the same.
void look_at_alarms(long times) {
  signal(SIGALRM, count);
  const itimerval late = {{0, 0}, {1'000'000, 0}}, soon = {{0, 0}, {1, 0}};
  for (long time = 0; time < times; ++time) {
    itimerval before = {};
    PROMISE(setitimer(ITIMER_REAL, &late, &before) == 0 && before.it_value.tv_sec <= 1'000'000);
  }
  PROMISE(handled == 0);
  PROMISE(setitimer(ITIMER_REAL, &soon, nullptr) == 0);
  const timespec longer{2, 0};
  timespec left{};
  const int slept = clock_nanosleep(CLOCK_MONOTONIC, 0, &longer, &left);
  PROMISE(slept == EINTR && handled == 1 && left.tv_sec <= 1);
}

// A thread that runs or waits, as the host has left it: what is sent to it is sent to it.
void* look_for_signal(void* runs) {
  if (runs != nullptr) __builtin_trap();  // where the host leaves it
  while (handled < 3) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
  }
  return nullptr;
}
void look_at_interruptions(bool runs) {
  signal(SIGUSR1, count);
  pthread_t thread;
  PROMISE(pthread_create(&thread, nullptr, look_for_signal, runs ? &thread : nullptr) == 0);
  for (int i = 0; i < 3; ++i) PROMISE(pthread_kill(thread, SIGUSR1) == 0);
}

void look_at_processors(long times) {
  cpu_set_t first, next;
  PROMISE(sched_getaffinity(0, sizeof(first), &first) == 0);
  for (long time = 0; time < times; ++time) {
    unsigned processor = 7777, node = 7777;
    PROMISE(getcpu(&processor, &node) == 0);
    PROMISE(node == 0 && processor < CPU_SETSIZE && CPU_ISSET(processor, &first));
    PROMISE(sched_getaffinity(0, sizeof(next), &next) == 0);
    CPU_OR(&next, &next, &first);
    PROMISE(CPU_EQUAL(&next, &first));
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  const char* const what = argument_count > 1 ? arguments[1] : "nothing";
  const long times = argument_count > 2 ? atol(arguments[2]) : 1;
  const auto is = [&](const char* name) { return strcmp(what, name) == 0; };
  if (is("sockets")) look_at_sockets(times);
  if (is("files")) look_at_files(times);
  if (is("polls")) look_at_polls(times);
  if (is("alarms")) look_at_alarms(times);
  if (is("interruptions")) look_at_interruptions(times == 2);
  if (is("processors")) look_at_processors(times);
  _exit(0);
}
