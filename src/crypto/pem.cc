// SPDX-License-Identifier: Apache-2.0
// Textual encodings (RFC 7468).
#include <algorithm>

#include "base/base64.h"
#include "base/error.h"
#include "base/white_space.h"
#include "crypto/x509.h"

namespace adyton {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
constexpr std::size_t kMaxLabelBytes = 64;

Result<Bytes> parse_body(std::string_view body) {
  const auto counts = [](char c) { return !is_space(c) && c != '\v' && c != '\f'; };  // RFC 7468, 3
  std::string compact(body.size(), '\0');
  compact.erase(std::ranges::copy_if(body, compact.begin(), counts).out, compact.end());
  return parse_base64(compact);
}

}  // namespace

Result<std::vector<PemBlock>> parse_pem_blocks(std::string_view text, std::size_t max_blocks) {
  std::vector<PemBlock> out;
  for (;;) {
    const std::size_t begin = text.find(kBegin);
    if (begin == text.npos) return out;
    text.remove_prefix(begin + kBegin.size());
    const std::size_t label_end = text.find(kDashes);
    if (label_end == text.npos || label_end > kMaxLabelBytes) return invalid("a PEM block without a name");
    const std::string_view label = text.substr(0, label_end);
    if (label.find('\n') != label.npos) return invalid("a PEM block without a name");
    text.remove_prefix(label_end + kDashes.size());
    const std::size_t end = text.find(kDashes);
    const std::string closing = fmt::format("{}{}{}", kEnd, label, kDashes);
    if (end == text.npos || !text.substr(end).starts_with(closing)) {
      return invalid("the PEM block \"{}\" does not end", label);
    }
    if (out.size() == max_blocks) return invalid("more than {} PEM blocks", max_blocks);
    Bytes body = TRY(parse_body(text.substr(0, end)).within("a PEM block"));
    out.push_back({std::string(label), std::move(body)});
    text.remove_prefix(end + closing.size());
  }
}

std::string to_pem(std::string_view label, BytesView der) {
  constexpr std::size_t kLine = 64;
  std::string out = fmt::format("{}{}{}\n", kBegin, label, kDashes);
  const std::string text = to_base64(der);
  for (std::size_t i = 0; i < text.size(); i += kLine) out += text.substr(i, kLine) + '\n';
  return out + fmt::format("{}{}{}\n", kEnd, label, kDashes);
}

}  // namespace adyton
