// SPDX-License-Identifier: Apache-2.0
#include "crypto/parsed_objects.h"

#include <string_view>

namespace adyton {
namespace {

constexpr std::size_t kMaxProbes = 16;  // bytes made to collide must not make this a list

std::size_t place_of(BytesView bytes) { return std::hash<std::string_view>()(as_text(bytes)); }

}  // namespace

struct ParsedObjects::Node {
  const void* kind;
  Bytes bytes;
  std::shared_ptr<const void> value;
  [[nodiscard]] bool is(const void* wanted, BytesView from) const {
    return kind == wanted && as_text(bytes) == as_text(from);
  }
};

ParsedObjects::~ParsedObjects() {
  for (const auto& slot : slots_) delete slot.load();
}

const void* ParsedObjects::find(const void* kind, BytesView bytes) const {
  const std::size_t start = place_of(bytes);
  for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
    const Node* node = slots_[(start + probe) % slots_.size()].load(std::memory_order_acquire);
    if (node == nullptr) return nullptr;
    if (node->is(kind, bytes)) return node->value.get();
  }
  return nullptr;
}

void ParsedObjects::keep(const void* kind, BytesView bytes, std::shared_ptr<const void> value) {
  const bool fits = objects_.fetch_add(1, std::memory_order_relaxed) < kMostObjects &&
                    bytes_.fetch_add(bytes.size(), std::memory_order_relaxed) + bytes.size() <= kMostBytes;
  // (What is counted and then does not fit stays counted: it is full, or as good as.)
  if (!fits) return;
  auto made = std::make_unique<const Node>(kind, to_bytes(bytes), std::move(value));
  const std::size_t start = place_of(bytes);
  for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
    const Node* there = nullptr;
    if (slots_[(start + probe) % slots_.size()].compare_exchange_strong(there, made.get(), std::memory_order_acq_rel)) {
      (void)made.release();
      return;
    }
    if (there->is(kind, bytes)) break;
  }
  objects_.fetch_sub(1, std::memory_order_relaxed);
  bytes_.fetch_sub(bytes.size(), std::memory_order_relaxed);
}

}  // namespace adyton
