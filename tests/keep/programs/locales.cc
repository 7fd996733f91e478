// SPDX-License-Identifier: Apache-2.0
// Locales as far as a program has them without files (C, and its own), wide characters, and the calendar and clocks of
// chrono.
#include <chrono>
#include <clocale>
#include <ctime>
#include <cwchar>
#include <cwctype>
#include <iomanip>
#include <iostream>
#include <locale>
#include <sstream>

namespace {

// A locale of the program's own making needs nothing of the system.
class Thousands : public std::numpunct<char> {
  char do_thousands_sep() const override { return '\''; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "yes"; }
};

}  // namespace

int main() {
  std::cout << (std::setlocale(LC_ALL, "C") != nullptr) << (std::setlocale(LC_ALL, "xx_YY") == nullptr) << "\n";
  try {
    const std::locale none("xx_YY.UTF-8");
    std::cout << "a locale that there is none of\n";
  } catch (const std::runtime_error&) {
    std::cout << "no such locale\n";
  }
  std::ostringstream grouped;
  grouped.imbue(std::locale(std::locale::classic(), new Thousands));
  grouped << 1234567 << " " << std::boolalpha << true << " " << std::fixed << std::setprecision(2) << 9876.543;
  std::cout << grouped.str() << "\n";
  std::cout << std::toupper('a', std::locale::classic()) << std::isalpha('1', std::locale::classic()) << "\n";
  std::cout << std::towupper(L'x') << " " << std::wcscmp(L"a", L"b") << " " << std::wcstol(L"42", nullptr, 10) << "\n";

  using namespace std::chrono;
  const sys_days day = year{2026} / November / 22;
  const year_month_day later(day + days{100});
  std::cout << int(later.year()) << " " << unsigned(later.month()) << " " << unsigned(later.day()) << " "
            << weekday(day).c_encoding() << " " << year{2028}.is_leap() << "\n";
  const auto start = steady_clock::now();
  auto latest = start;
  bool forwards = true;
  for (int i = 0; i < 1000; ++i) {
    const auto now = steady_clock::now();
    forwards = forwards && now >= latest;
    latest = now;
  }
  const auto since_2026 = system_clock::now() - sys_days(year{2026} / January / 1);
  std::cout << forwards << (since_2026.count() > 0) << " " << duration_cast<minutes>(hours{3} + seconds{59}).count()
            << "\n";
  std::tm parts{};
  const std::time_t moment = 1'795'353'600;
  gmtime_r(&moment, &parts);
  char text[100];
  std::strftime(text, sizeof(text), "%A %Y-%m-%d %H:%M:%S %j", &parts);
  std::cout << text << " " << timegm(&parts) << "\n";
  std::istringstream written("2026-11-22 08:09:10");
  std::tm read{};
  written >> std::get_time(&read, "%Y-%m-%d %H:%M:%S");
  std::cout << read.tm_year << " " << read.tm_mon << " " << read.tm_sec << " " << written.fail() << std::endl;
  return 0;
}
