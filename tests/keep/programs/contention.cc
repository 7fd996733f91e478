// SPDX-License-Identifier: Apache-2.0
// More threads than processors on the file system: some hold its lock for long, others come to it with long paths.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

int main() {
  char top[] = "/tmp/contention.XXXXXX";
  if (mkdtemp(top) == nullptr) return 1;
  std::vector<std::string> folders{top};
  for (int depth = 0; depth < 40; ++depth) {
    folders.push_back(folders.back() + "/" + std::string(60, 'f'));
    mkdir(folders.back().c_str(), 0700);
  }

  std::atomic<bool> over = false;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> writers, others;
    for (int i = 0; i < 2; ++i) {
      writers.emplace_back([&, i] {
        const std::string name = std::string(top) + "/large" + std::to_string(i);
        const int file = open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        const std::vector<char> bytes(4 << 20, 'x');
        while (!over) failed += pwrite(file, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size());
        close(file);
        unlink(name.c_str());
      });
    }
    for (int i = 0; i < 4; ++i) {
      others.emplace_back([&, i] {
        const std::string one = folders.back() + "/one" + std::to_string(i),
                          two = folders.back() + "/two" + std::to_string(i);
        close(open(one.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        for (int round = 0; round < 200; ++round) {
          struct stat information{};
          failed += rename(one.c_str(), two.c_str()) != 0;
          failed += symlink("two", one.c_str()) != 0;
          failed += stat(two.c_str(), &information) != 0;
          failed += unlink(one.c_str()) != 0;
          failed += rename(two.c_str(), one.c_str()) != 0;
        }
        unlink(one.c_str());
      });
    }
    others.clear();
    over = true;
  }
  while (!folders.empty()) {
    failed += rmdir(folders.back().c_str()) != 0;
    folders.pop_back();
  }
  std::cout << failed << " failed\n";
}
