// SPDX-License-Identifier: Apache-2.0
// How values cross a channel: an encoder that gathers without copying large parts, and a decoder that reads every byte
// of the other side's memory exactly once (docs/formats/values.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// A message being written. Small parts are copied; large ones are only referred to and must stay as they are until the
// message is sent (hold() keeps an owner alive for that long). Not thread-safe.
class Encoder {
 public:
  // Parts of at least this many bytes are borrowed by write_bytes().
  static constexpr std::size_t kBorrowBytes = 1024;

  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Appends a copy of an unsigned integer, little-endian.
  template <class U>
  void write_integer(U value) {
    std::byte raw[sizeof(U)];
    for (std::size_t i = 0; i < sizeof(U); ++i) raw[i] = static_cast<std::byte>(value >> (8 * i));
    append({raw, sizeof(U)});
  }
  // Appends bytes, borrowed if there are many.
  void write_bytes(BytesView bytes) {
    if (bytes.size() < kBorrowBytes) {
      append(bytes);
    } else {
      borrow(bytes);
    }
  }
  // A count or length on the wire: 32 bits. A larger one spoils the message: error().
  void write_count(std::size_t count);

  // Keeps `owner` until the message is gone.
  void hold(std::shared_ptr<const void> owner) { held_.push_back(std::move(owner)); }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool failed() const { return failed_; }
  void clear();

  // Calls sink(BytesView) for each part in order, until it returns false.
  template <class Sink>
  bool for_each_part(Sink&& sink) const {
    std::size_t at = 0;
    for (const Borrowed& part : borrowed_) {
      if (part.position > at && !sink(own().subspan(at, part.position - at))) return false;
      if (!sink(part.bytes)) return false;
      at = part.position;
    }
    return at >= own_size_ || sink(own().subspan(at));
  }
  // The whole message in one piece, if nothing was borrowed.
  [[nodiscard]] bool contiguous() const { return borrowed_.empty(); }
  [[nodiscard]] BytesView own() const { return {spilled_.empty() ? inline_ : spilled_.data(), own_size_}; }

 private:
  struct Borrowed {
    std::size_t position;  // in own()
    BytesView bytes;
  };
  static constexpr std::size_t kInlineBytes = 192;

  void append(BytesView bytes) {
    if (spilled_.empty() && own_size_ + bytes.size() <= kInlineBytes) {
      for (std::size_t i = 0; i < bytes.size(); ++i) inline_[own_size_ + i] = bytes[i];
      own_size_ += bytes.size();
      size_ += bytes.size();
    } else {
      append_spilled(bytes);
    }
  }
  void append_spilled(BytesView bytes);
  void borrow(BytesView bytes);

  std::uint64_t size_ = 0;
  std::size_t own_size_ = 0;
  bool failed_ = false;
  std::byte inline_[kInlineBytes];
  Bytes spilled_;
  std::vector<Borrowed> borrowed_;
  std::vector<std::shared_ptr<const void>> held_;
};

// Where a decoder's bytes come from: consecutive pieces of a message whose memory the other side may still write to.
class MessageSource {
 public:
  virtual ~MessageSource() = default;
  // The next piece, at least one byte; the piece before is done with. Only called while bytes are outstanding.
  virtual Result<BytesView> next() = 0;
};

// A message being read. Every length is checked against what is left of the message before anything is allocated. After
// an error every read yields zeros and failed() is true. Not thread-safe.
class Decoder {
 public:
  static constexpr std::uint32_t kMaxDepth = 32;  // of values within values

  // A message of `size` bytes that begins with `first` and goes on with source->next().
  Decoder(BytesView first, std::uint64_t size, MessageSource* source);
  explicit Decoder(BytesView whole) : Decoder(whole, whole.size(), nullptr) {}
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  template <class U>
  U read_integer() {
    std::byte raw[sizeof(U)] = {};
    read_into({raw, sizeof(U)});
    U value = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i) value |= static_cast<U>(static_cast<U>(raw[i]) << (8 * i));
    return value;
  }
  // A 32-bit count of things that take at least `least_bytes_each` (>= 1) bytes, checked against what is left.
  std::uint32_t read_count(std::size_t least_bytes_each);

  void read_into(std::span<std::byte> out);
  void append_to(Bytes& out, std::size_t size);
  void append_to(std::string& out, std::size_t size);
  // A private copy that lives as long as this decoder.
  BytesView read_view(std::size_t size);

  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
  [[nodiscard]] bool failed() const { return failed_; }
  void fail(Error error);
  [[nodiscard]] Result<void> finish();  // the error, if any; invalid if bytes are left over

  // Guards recursion: false, and failed(), when values nest too deep.
  bool enter();
  void leave() { --depth_; }

 private:
  bool refill();
  template <class Take>
  void take(std::size_t size, Take&& take_piece);

  BytesView piece_;          // what is at hand: the other side's memory
  std::uint64_t remaining_;  // of the message, piece_ included
  MessageSource* source_;
  std::uint32_t depth_ = 0;
  bool failed_ = false;
  Error error_;
  std::vector<std::unique_ptr<std::byte[]>> views_;  // what read_view() handed out
  std::vector<std::shared_ptr<const Bytes>> kept_;   // likewise, large
};

}  // namespace adyton
