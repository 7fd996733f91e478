// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

int main() {
  const fs::path top = fs::path("/tmp") / ("adyton-files-" + std::to_string(getpid()) + "-test");
  fs::remove_all(top);
  fs::create_directories(top / "a" / "b");
  std::ofstream(top / "a" / "one") << "first\n";
  std::ofstream(top / "a" / "one", std::ios::app) << "second\n";
  std::ifstream in(top / "a" / "one");
  for (std::string line; std::getline(in, line);) std::cout << line << "\n";
  std::cout << fs::file_size(top / "a" / "one") << " " << fs::exists(top / "none") << "\n";
  fs::rename(top / "a" / "one", top / "a" / "b" / "two");
  std::error_code error;
  fs::rename(top / "a", top / "a" / "b" / "inside", error);
  std::cout << error.message() << "\n";
  fs::remove(top / "a", error);
  std::cout << error.message() << "\n";
  for (int index = 0; index < 200; ++index) std::ofstream(top / ("n" + std::to_string(index))) << index;
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(top)) names.push_back(entry.path().lexically_relative(top));
  std::sort(names.begin(), names.end());
  std::cout << names.size() << " " << names.front() << " " << names[2] << " " << names.back() << "\n";
  std::string big(3'000'000, 'x');
  std::ofstream(top / "big") << big;
  std::ifstream back(top / "big");
  std::cout << (std::string(std::istreambuf_iterator<char>(back), {}) == big) << "\n";
  fs::resize_file(top / "big", 5, error);
  std::cout << fs::remove_all(top) << " removed, " << fs::exists(top) << "\n";
  fs::current_path("/tmp");
  std::cout << fs::current_path() << "\n";
  std::ofstream("/dev/null") << "nothing";
  std::cout << std::ifstream("/does/not/exist").is_open() << std::endl;
  return 0;
}
