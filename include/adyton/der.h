// SPDX-License-Identifier: Apache-2.0
// Distinguished Encoding Rules (ITU-T X.690, 10): a forward-only strict reader and a writer, for X.509 and its kin.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton::der {

// Identifier octets. Only tag numbers below 31 exist in what we read: longer forms are refused.
using Tag = std::uint8_t;
inline constexpr Tag kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kNull = 0x05,
                     kObjectIdentifier = 0x06, kEnumerated = 0x0a, kUtf8String = 0x0c, kPrintableString = 0x13,
                     kT61String = 0x14, kIa5String = 0x16, kUtcTime = 0x17, kGeneralizedTime = 0x18,
                     kUniversalString = 0x1c, kBmpString = 0x1e, kSequence = 0x30, kSet = 0x31;
constexpr Tag context(unsigned number) { return static_cast<Tag>(0x80 | number); }  // [n] IMPLICIT, primitive
constexpr Tag context_constructed(unsigned number) { return static_cast<Tag>(0xa0 | number); }  // [n] EXPLICIT

// One element: views into the bytes that were read.
struct Element {
  Tag tag = 0;
  BytesView contents;
  BytesView whole;  // with identifier and length
};

struct BitString {
  std::uint8_t unused_bits = 0;  // 0 to 7, at the end of the last byte
  BytesView bytes;
};

// Reads elements one after another. Refuses (invalid) what is BER but not DER: indefinite and non-minimal lengths,
// non-minimal integers, booleans other than 00 and FF, set padding bits. `what` names the field in messages. The bytes
// must outlive the reader and all it returned. After an error the reader stands where it stood.
class Reader {
 public:
  explicit Reader(BytesView der) : rest_(der) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool next_is(Tag tag) const { return !rest_.empty() && rest_[0] == std::byte{tag}; }
  [[nodiscard]] BytesView rest() const { return rest_; }

  Result<Element> any(std::string_view what);
  Result<Element> element(Tag tag, std::string_view what);
  Result<BytesView> contents(Tag tag, std::string_view what);
  Result<Reader> enter(Tag tag, std::string_view what);  // a reader of the contents
  Result<void> end(std::string_view what) const;         // an error unless nothing is left

  Result<bool> boolean(std::string_view what);
  Result<BytesView> integer(std::string_view what);            // two's complement, minimal, at least one byte
  Result<BytesView> unsigned_integer(std::string_view what);   // magnitude without leading zero bytes; zero: empty
  Result<std::uint64_t> small_integer(std::string_view what);  // 0 to 2^64 - 1
  Result<BytesView> object_identifier(std::string_view what);  // the encoded arcs, well-formed
  Result<void> null(std::string_view what);
  Result<BitString> bit_string(std::string_view what);
  Result<BytesView> octet_aligned_bits(std::string_view what);  // a BIT STRING of whole bytes
  Result<std::int64_t> time(std::string_view what);             // UTCTime or GeneralizedTime with seconds and Z (RFC
                                                                // 5280, 4.1.2.5), in seconds since 1970

 private:
  BytesView rest_;
};

// Writes elements one after another; nesting by functions:
//   writer.nested(kSequence, [&] { writer.integer(1); writer.null(); });
class Writer {
 public:
  void raw(BytesView encoded) { out_.insert(out_.end(), encoded.begin(), encoded.end()); }
  void element(Tag tag, BytesView contents);
  void text(Tag tag, std::string_view contents) { element(tag, as_bytes(contents)); }
  void boolean(bool value);
  void integer(std::uint64_t value);
  void unsigned_integer(BytesView magnitude);  // big-endian; leading zero bytes are dropped
  void null() { element(kNull, {}); }
  void bit_string(BytesView bytes, std::uint8_t unused_bits = 0);
  void time(std::int64_t seconds);  // UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5280, 4.1.2.5)

  template <class Fill>
  void nested(Tag tag, Fill&& fill) {
    const std::size_t start = out_.size();
    out_.push_back(std::byte{tag});
    fill();
    close(start);
  }

  [[nodiscard]] const Bytes& bytes() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  void close(std::size_t start);
  Bytes out_;
};

// "1.2.840.10045.2.1" of an identifier's encoded arcs, for messages.
std::string object_identifier_text(BytesView arcs);

}  // namespace adyton::der
