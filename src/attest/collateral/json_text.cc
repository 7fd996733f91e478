// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/json_text.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/white_space.h"

namespace adyton {
namespace {

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> out;
  out.fill(true);
  for (const char c : std::string_view("\",{}[]")) out[static_cast<unsigned char>(c)] = false;
  return out;
}();

// Whether it says nothing of where a value ends.
bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

// Moves over text that is known to be valid JSON; still never past its end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void skip_one() { at_ = std::min(at_ + 1, text_.size()); }

  // A string with its quotes.
  std::string_view string() {
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(start, at_ - start);
  }

  std::string_view value() {
    (void)peek();
    const std::size_t start = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_plain(c)) {
        ++at_;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '"') {
        (void)string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    }
    return trimmed(text_.substr(start, at_ - start));
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::optional<std::string_view>> json_member_text(std::string_view text, std::string_view key) {
  Scanner scanner(text);
  if (scanner.peek() != '{') return invalid("not a JSON object");
  scanner.skip_one();
  std::optional<std::string_view> found;
  while (scanner.peek() == '"') {
    const std::string_view quoted = scanner.string();
    if (quoted.contains('\\')) return invalid("a key written with escapes");
    if (scanner.peek() != ':') return invalid("not JSON");
    scanner.skip_one();
    const std::string_view value = scanner.value();
    if (quoted.size() == key.size() + 2 && quoted.substr(1, key.size()) == key) {
      if (found) return invalid("the key \"{}\" stands twice", key);
      found = value;
    }
    if (scanner.peek() == ',') scanner.skip_one();
  }
  return found;
}

}  // namespace adyton
