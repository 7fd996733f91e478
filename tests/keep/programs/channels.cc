// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

int main() {
  int ends[2];
  std::cout << pipe2(ends, O_CLOEXEC) << "\n";
  std::string received;
  std::thread reader([&] {
    char bytes[1000];
    for (ssize_t count; (count = read(ends[0], bytes, sizeof(bytes))) > 0;) received.append(bytes, std::size_t(count));
  });
  const std::string sent(300'000, 'p');  // more than a pipe holds
  std::cout << write(ends[1], sent.data(), sent.size()) << "\n";
  close(ends[1]);
  reader.join();
  std::cout << (received == sent) << "\n";
  close(ends[0]);

  const int event = eventfd(3, EFD_NONBLOCK);
  pollfd polled{event, POLLIN, 0};
  std::cout << poll(&polled, 1, 0) << polled.revents << "\n";
  std::uint64_t value = 0;
  std::cout << read(event, &value, 8) << value;
  std::cout << read(event, &value, 8) << (errno == EAGAIN) << poll(&polled, 1, 5) << "\n";
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::uint64_t one = 1;
    (void)!write(event, &one, 8);
  });
  std::cout << poll(&polled, 1, -1) << polled.revents << "\n";
  late.join();

  (void)!pipe(ends);
  pollfd both[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
  std::cout << poll(both, 2, 0) << both[0].revents << both[1].revents << "\n";
  close(ends[1]);
  std::cout << poll(both, 1, 0) << both[0].revents << read(ends[0], &value, 8) << std::endl;
  return 0;
}
