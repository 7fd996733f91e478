// SPDX-License-Identifier: Apache-2.0
#include <adyton/codec.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace adyton {
namespace {

// Copies out of memory the other side may be writing to. Not inlined: the compiler may not read the source twice.
[[gnu::noinline]] void copy_in(void* to, const void* from, std::size_t size) { std::memcpy(to, from, size); }

// A message's claimed length is only believed this far before its bytes have arrived.
constexpr std::size_t kEagerBytes = 4u << 20;

}  // namespace

void Encoder::write_count(std::size_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) failed_ = true;
  write_integer(static_cast<std::uint32_t>(count));
}

void Encoder::append_spilled(BytesView bytes) {
  if (spilled_.empty()) spilled_.assign(inline_, inline_ + own_size_);
  spilled_.insert(spilled_.end(), bytes.begin(), bytes.end());
  own_size_ = spilled_.size();
  size_ += bytes.size();
}

void Encoder::borrow(BytesView bytes) {
  borrowed_.push_back({own_size_, bytes});
  size_ += bytes.size();
}

void Encoder::clear() {
  size_ = own_size_ = 0;
  failed_ = false;
  spilled_.clear();
  borrowed_.clear();
  held_.clear();
}

Decoder::Decoder(BytesView first, std::uint64_t size, MessageSource* source)
    : piece_(first.first(std::min<std::uint64_t>(first.size(), size))), remaining_(size), source_(source) {}

Decoder::~Decoder() = default;

void Decoder::fail(Error error) {
  if (failed_) return;
  failed_ = true;
  error_ = std::move(error);
}

Result<void> Decoder::finish() {
  if (failed_) return error_;
  if (remaining_ != 0) return invalid("{} bytes too many at the end of the message", remaining_);
  return {};
}

bool Decoder::enter() {
  if (++depth_ > kMaxDepth) fail(invalid("values nested deeper than {}", kMaxDepth));
  return !failed_;
}

bool Decoder::refill() {
  if (source_ == nullptr) {
    fail(invalid("the message ends in the middle of a value"));
    return false;
  }
  auto next = source_->next();
  if (!next) {
    fail(std::move(next).error());
    return false;
  }
  piece_ = next->first(std::min<std::uint64_t>(next->size(), remaining_));
  return true;
}

template <class Take>
void Decoder::take(std::size_t size, Take&& take_piece) {
  if (failed_) return;
  if (size > remaining_) {
    fail(invalid("a value of {} bytes in a message with {} left", size, remaining_));
    return;
  }
  while (size > 0) {
    if (piece_.empty() && !refill()) return;
    const std::size_t n = std::min(size, piece_.size());
    take_piece(piece_.first(n));
    piece_ = piece_.subspan(n);
    remaining_ -= n;
    size -= n;
  }
}

void Decoder::read_into(std::span<std::byte> out) {
  std::byte* to = out.data();
  take(out.size(), [&](BytesView piece) {
    copy_in(to, piece.data(), piece.size());
    to += piece.size();
  });
}

std::uint32_t Decoder::read_count(std::size_t least_bytes_each) {
  const auto count = read_integer<std::uint32_t>();
  if (failed_) return 0;
  if (count > remaining_ / least_bytes_each) {
    fail(invalid("{} elements claimed in a message with {} bytes left", count, remaining_));
    return 0;
  }
  return count;
}

void Decoder::append_to(Bytes& out, std::size_t size) {
  if (size <= remaining_) out.reserve(out.size() + std::min(size, kEagerBytes));
  take(size, [&](BytesView piece) { out.insert(out.end(), piece.begin(), piece.end()); });
}

void Decoder::append_to(std::string& out, std::size_t size) {
  if (size <= remaining_) out.reserve(out.size() + std::min(size, kEagerBytes));
  take(size, [&](BytesView piece) { out.append(as_text(piece)); });
}

BytesView Decoder::read_view(std::size_t size) {
  if (failed_ || size == 0) return {};
  if (size > remaining_) {
    fail(invalid("a value of {} bytes in a message with {} left", size, remaining_));
    return {};
  }
  if (size > kEagerBytes) {  // grow with what really arrives
    auto grown = std::make_shared<Bytes>();
    append_to(*grown, size);
    if (failed_) return {};
    kept_.push_back(grown);
    return *grown;
  }
  auto view = std::make_unique_for_overwrite<std::byte[]>(size);
  read_into({view.get(), size});
  if (failed_) return {};
  views_.push_back(std::move(view));
  return {views_.back().get(), size};
}

}  // namespace adyton
