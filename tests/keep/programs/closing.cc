// SPDX-License-Identifier: Apache-2.0
// Descriptors that one thread closes while another uses them: what the other waits on stays what it is.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

// Runs `wait` on another thread and gives it the time to fall asleep: were it late, it would find the same to do.
template <typename Wait>
std::jthread asleep(Wait wait) {
  std::atomic<bool> begun = false;
  std::jthread thread([&, wait] {
    begun = true;
    begun.notify_one();
    wait();
  });
  begun.wait(false);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return thread;
}

void pipes() {
  int old_ends[2], new_ends[2];
  (void)!pipe(old_ends);
  const int reader = old_ends[0];
  std::string got = "nothing";
  {
    const std::jthread waits = asleep([&got, reader] {
      char bytes[64];
      const ssize_t count = read(reader, bytes, sizeof(bytes));
      got = std::to_string(count) + std::string(bytes, count > 0 ? std::size_t(count) : 0);
    });
    close(reader);
    const int kept = dup(old_ends[1]);
    (void)!pipe(new_ends);  // where the old one was
    std::cout << (new_ends[0] == reader);
    (void)!write(new_ends[1], "of the new pipe", 15);
    (void)!write(kept, "of the old pipe", 15);
    close(kept);
    close(old_ends[1]);
  }
  char bytes[64];
  const ssize_t count = read(new_ends[0], bytes, sizeof(bytes));
  std::cout << got << "|" << std::string(bytes, std::size_t(count)) << "\n";
  close(new_ends[0]);
  close(new_ends[1]);

  // A writer that waits while the only reader goes.
  (void)!pipe(old_ends);
  std::vector<char> much(100'000, 'w');
  ssize_t written = 0;
  {
    const std::jthread waits = asleep([&] { written = write(old_ends[1], much.data(), much.size()); });
    close(old_ends[1]);
    std::vector<char> all(much.size());
    std::size_t sum = 0;
    for (ssize_t part; (part = read(old_ends[0], all.data(), all.size())) > 0;) sum += std::size_t(part);
    std::cout << sum;
  }
  std::cout << " " << written << "\n";
  close(old_ends[0]);
}

void sockets() {
  int old_ends[2], new_ends[2];
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, old_ends);
  std::string got = "nothing";
  {
    const std::jthread waits = asleep([&got, end = old_ends[0]] {
      char bytes[64];
      const ssize_t count = recv(end, bytes, sizeof(bytes), 0);
      got = std::to_string(count) + std::string(bytes, count > 0 ? std::size_t(count) : 0);
    });
    close(old_ends[0]);
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, new_ends);
    (void)!write(new_ends[1], "of the new pair", 15);
    std::cout << write(old_ends[1], "of the old pair", 15);  // whose end is still read from
  }
  std::cout << got;
  std::cout << send(old_ends[1], "x", 1, MSG_NOSIGNAL) << (errno == EPIPE) << "\n";
  for (const int end : {old_ends[1], new_ends[0], new_ends[1]}) close(end);

  // Shut, not closed: the sleeper wakes, and what comes next is another pair.
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, old_ends);
  {
    const std::jthread waits = asleep([&got, end = old_ends[0]] {
      char byte;
      got = std::to_string(read(end, &byte, 1));
    });
    shutdown(old_ends[0], SHUT_RD);
  }
  pollfd polled[2] = {{old_ends[0], POLLIN | POLLOUT | POLLRDHUP, 0}, {old_ends[1], POLLIN | POLLOUT | POLLRDHUP, 0}};
  std::cout << got << poll(polled, 2, 0) << " " << polled[0].revents << " " << polled[1].revents;
  close(old_ends[1]);
  std::cout << poll(polled, 1, 0) << " " << polled[0].revents << "\n";
  close(old_ends[0]);
}

void events() {
  const int event = eventfd(0, 0);
  const int kept = dup(event);
  std::uint64_t got = 0;
  {
    const std::jthread waits = asleep([&got, event] { (void)!read(event, &got, 8); });
    close(event);
    const int other = eventfd(7, 0);
    std::cout << (other == event);
    const std::uint64_t five = 5;
    (void)!write(kept, &five, 8);
    close(kept);
    close(other);
  }
  std::cout << got << "\n";

  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  itimerspec setting{};
  setting.it_value.tv_nsec = 60'000'000;
  timerfd_settime(timer, 0, &setting, nullptr);
  got = 0;
  {
    const std::jthread waits = asleep([&got, timer] { (void)!read(timer, &got, 8); });
    close(timer);
    const int other = timerfd_create(CLOCK_MONOTONIC, 0);  // never set
    std::cout << (other == timer);
  }
  std::cout << got << "\n";
  close(timer);
}

// Each closed while it is watched: the next ones find room all the same.
void watched() {
  const int epoll = epoll_create1(0);
  int failed = 0;
  for (int round = 0; round < 3000; ++round) {
    const int event = eventfd(0, 0);
    epoll_event one{.events = EPOLLIN, .data = {}};
    failed += event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &one) != 0 ? 1 : 0;
    close(event);
  }
  std::cout << failed << "\n";
  const int last = eventfd(1, 0);
  epoll_event one{.events = EPOLLIN, .data = {.u32 = 77}};
  std::cout << epoll_ctl(epoll, EPOLL_CTL_ADD, last, &one) << epoll_wait(epoll, &one, 1, 0) << one.data.u32 << "\n";
  close(last);
  std::string got;
  const int other = eventfd(0, 0);
  {
    one.data.u32 = 3;
    epoll_ctl(epoll, EPOLL_CTL_ADD, other, &one);
    const std::jthread waits = asleep([&got, epoll] {
      epoll_event found{};
      got = std::to_string(epoll_wait(epoll, &found, 1, -1)) + std::to_string(found.data.u32);
    });
    close(epoll);
    const std::uint64_t one_more = 1;
    (void)!write(other, &one_more, 8);
  }
  close(other);
  std::cout << got << "\n";
}

// Files and folders, closed all the time by one thread and used by another: each read is of one file, whole.
void files() {
  mkdir("/tmp/closing", 0700);
  const std::string names[] = {"/tmp/closing/a", "/tmp/closing/b"};
  for (const std::string& name : names) {
    const int file = open(name.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const std::string content(64, name.back());
    (void)!write(file, content.data(), content.size());
    close(file);
  }
  const int number = open(names[0].c_str(), O_RDONLY);
  std::atomic<bool> over = false;
  int wrong = 0, seen = 0;
  {
    const std::jthread uses([&] {
      char bytes[64];
      while (!over || seen == 0) {
        const ssize_t count = pread(number, bytes, sizeof(bytes), 0);
        if (count < 0) continue;  // closed just now
        ++seen;
        wrong += count != 64 || std::string(bytes, 64) != std::string(64, bytes[0]) ? 1 : 0;
        const int there = openat(number + 1, "b", O_RDONLY);  // a folder, when it is one
        if (there >= 0) close(there);
      }
    });
    const int folder = open("/tmp/closing", O_RDONLY | O_DIRECTORY);
    for (int round = 0; round < 5000; ++round) {
      const int next = open(names[round % 2].c_str(), O_RDONLY);
      dup2(next, number);
      close(next);
      if (round % 16 == 0) dup2(folder, number + 1);
      if (round % 16 == 8) fchdir(number + 1);
      if (round % 64 == 9) (void)!chdir("/");
    }
    over = true;
  }
  std::cout << wrong << (seen > 0) << "\n";
  (void)!chdir("/tmp/closing");
  std::cout << access("b", F_OK) << unlink("a") << unlink("b") << rmdir("/tmp/closing");
  char here[100];
  std::cout << (getcwd(here, sizeof(here)) == nullptr) << open("c", O_CREAT | O_RDWR, 0600) << chdir("/tmp")
            << getcwd(here, sizeof(here)) << std::endl;
}

}  // namespace

int main() {
  signal(SIGPIPE, SIG_IGN);
  pipes();
  sockets();
  events();
  watched();
  files();
  return 0;
}
