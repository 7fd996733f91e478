// SPDX-License-Identifier: Apache-2.0
// epoll, select, ppoll, timerfd, signalfd.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

namespace {

int epoll = -1;

void watch(int operation, int descriptor, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = std::uint64_t(descriptor) * 1000}};
  std::cout << "ctl " << (epoll_ctl(epoll, operation, descriptor, &event) == 0 ? 0 : errno) << "\n";
}

void wait(int timeout, const int* ends) {
  epoll_event events[8];
  const int count = epoll_wait(epoll, events, 8, timeout);
  std::cout << "ready " << count;
  for (int index = 0; index < count; ++index) {
    const auto descriptor = int(events[index].data.u64 / 1000);
    std::cout << (descriptor == ends[0]   ? " reader"
                  : descriptor == ends[1] ? " writer"
                                          : " other")
              << std::hex << events[index].events << std::dec;
  }
  std::cout << "\n";
}

void levels_and_edges() {
  int ends[2];
  (void)!pipe2(ends, O_NONBLOCK | O_CLOEXEC);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(EPOLL_CTL_ADD, ends[0], EPOLLIN);
  watch(EPOLL_CTL_ADD, ends[0], EPOLLIN);
  watch(EPOLL_CTL_DEL, ends[1], 0);
  wait(0, ends);
  (void)!write(ends[1], "abc", 3);
  wait(-1, ends);
  wait(0, ends);
  watch(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET);
  wait(0, ends);
  wait(0, ends);
  (void)!write(ends[1], "d", 1);
  wait(0, ends);
  wait(0, ends);
  watch(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
  wait(0, ends);
  wait(0, ends);
  watch(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
  wait(0, ends);
  watch(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLRDHUP);
  watch(EPOLL_CTL_ADD, ends[1], EPOLLOUT);
  wait(0, ends);
  char bytes[16];
  std::cout << read(ends[0], bytes, sizeof(bytes)) << "\n";
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    (void)!write(ends[1], "e", 1);
  });
  watch(EPOLL_CTL_DEL, ends[1], 0);
  wait(-1, ends);
  late.join();
  close(ends[1]);
  wait(0, ends);
  close(ends[0]);
  wait(0, ends);
  watch(EPOLL_CTL_ADD, epoll, EPOLLIN);
  close(epoll);
}

void selecting() {
  int ends[2];
  (void)!pipe(ends);
  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(ends[0], &readable);
  FD_SET(ends[1], &writable);
  timeval no_time{};
  std::cout << select(ends[1] + 1, &readable, &writable, nullptr, &no_time);
  std::cout << FD_ISSET(ends[0], &readable) << FD_ISSET(ends[1], &writable) << "\n";
  (void)!write(ends[1], "x", 1);
  FD_SET(ends[0], &readable);
  std::cout << select(ends[1] + 1, &readable, &writable, nullptr, nullptr);
  std::cout << FD_ISSET(ends[0], &readable) << FD_ISSET(ends[1], &writable) << "\n";
  close(ends[0]);
  close(ends[1]);
  FD_ZERO(&readable);
  FD_SET(ends[0], &readable);
  std::cout << select(ends[0] + 1, &readable, nullptr, nullptr, &no_time) << (errno == EBADF) << "\n";
}

void timers() {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec setting{.it_interval = {0, 5'000'000}, .it_value = {0, 5'000'000}};
  timerfd_settime(timer, 0, &setting, nullptr);
  std::uint64_t expired = 0;
  std::cout << read(timer, &expired, 8) << (expired >= 1) << "\n";
  pollfd polled{timer, POLLIN, 0};
  std::cout << poll(&polled, 1, -1) << polled.revents << "\n";
  epoll = epoll_create1(0);
  watch(EPOLL_CTL_ADD, timer, EPOLLIN);
  epoll_event event{};
  std::cout << epoll_wait(epoll, &event, 1, -1) << read(timer, &expired, 8) << epoll_wait(epoll, &event, 1, -1) << "\n";
  itimerspec left{};
  std::cout << timerfd_gettime(timer, &left) << (left.it_value.tv_nsec <= 5'000'000) << left.it_interval.tv_nsec
            << "\n";
  const itimerspec none{};
  timerfd_settime(timer, 0, &none, nullptr);
  std::cout << poll(&polled, 1, 0) << "\n";
  close(timer);
  close(epoll);
}

volatile int handled = 0;

void masks_and_signals() {
  signal(SIGUSR1, [](int) { handled = handled + 1; });
  sigset_t one, none;
  sigemptyset(&none);
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  sigprocmask(SIG_BLOCK, &one, nullptr);
  raise(SIGUSR1);
  std::cout << "blocked " << handled;
  const timespec second{60, 0};
  std::cout << ", " << ppoll(nullptr, 0, &second, &none) << (errno == EINTR) << " " << handled << "\n";
  raise(SIGUSR1);
  std::cout << pselect(0, nullptr, nullptr, nullptr, &second, &none) << handled << "\n";
  raise(SIGUSR1);
  epoll = epoll_create1(0);
  epoll_event event{};
  std::cout << epoll_pwait(epoll, &event, 1, -1, &none) << handled << "\n";
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  std::cout << "blocked again " << sigismember(&now, SIGUSR1) << "\n";

  const int signals = signalfd(-1, &one, SFD_NONBLOCK);
  signalfd_siginfo information{};
  std::cout << read(signals, &information, sizeof(information)) << (errno == EAGAIN) << "\n";
  watch(EPOLL_CTL_ADD, signals, EPOLLIN);
  std::thread late([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    kill(getpid(), SIGUSR1);
  });
  std::cout << epoll_wait(epoll, &event, 1, -1);
  late.join();
  std::cout << read(signals, &information, sizeof(information)) << " " << information.ssi_signo << " "
            << (information.ssi_pid == std::uint32_t(getpid())) << handled << "\n";
}

}  // namespace

int main() {
  levels_and_edges();
  selecting();
  timers();
  masks_and_signals();
  std::cout << std::flush;
  return 0;
}
