// SPDX-License-Identifier: Apache-2.0
#include "seal/store_file.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"
#include "seal/log_reader.h"
#include "seal/sealed_record.h"

namespace adyton {
namespace {

constexpr std::size_t kLengthBytes = 4;  // before each batch's record
constexpr std::size_t kSlotRecordBytes = kSealedRecordOverhead + 8 + kSealSaltBytes;
static_assert(kSlotRecordBytes <= StoreFile::kPageBytes && kSealHeaderMaxBytes <= StoreFile::kPageBytes);

std::string label_of(const std::string& name) { return "store/" + name; }

std::uint64_t slot_offset(std::size_t index) { return (1 + index) * StoreFile::kPageBytes; }

Bytes slot_context(std::size_t index) {
  Bytes out = to_bytes("adyton store head");
  append_le(out, static_cast<std::uint8_t>(index));
  return out;
}

Result<void> check_zero(BytesView bytes) {
  if (std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; })) {
    return untrusted("altered: bytes that are always zero are not");
  }
  return {};
}

}  // namespace

StoreFile::StoreFile(std::shared_ptr<Storage> storage, std::string name, SealedHead head)
    : storage_(std::move(storage)),
      name_(std::move(name)),
      svn_(head.header.svn),
      key_(std::move(head.key)),
      last_(head.header.salt) {}

// Binds a batch to its place: its number and the batch before it.
Bytes StoreFile::next_batch_context() const {
  Bytes out = to_bytes("adyton store batch");
  append_le(out, sequence_ + 1);
  append(out, last_);
  return out;
}

Result<Bytes> StoreFile::seal_batch(BytesView batch) const {
  if (batch.size() > kBatchBytes) return internal("a batch of {} bytes", batch.size());
  const Bytes record = TRY(seal_record(key_, next_batch_context(), batch));
  Bytes out;
  out.reserve(kLengthBytes + record.size());
  append_le(out, static_cast<std::uint32_t>(record.size()));
  append(out, record);
  return out;
}

void StoreFile::advance(BytesView record) {
  ++sequence_;
  end_ += kLengthBytes + record.size();
  before_last_ = std::exchange(last_, salt_of(record));
}

Result<void> StoreFile::write_slot(const Slot& slot, bool sync) {
  const std::size_t index = slot.sequence % 2;
  Bytes plain;
  append_le(plain, slot.sequence);
  append(plain, slot.salt);
  const Bytes record = TRY(seal_record(key_, slot_context(index), plain));
  return storage_->write(name_, slot_offset(index), record, sync);
}

Result<void> StoreFile::commit(BytesView batch) {
  if (!failure_.empty()) return unavailable("an earlier change failed ({}): open the store again", failure_);
  const Bytes sealed = TRY(seal_batch(batch));
  if (auto written = storage_->write(name_, end_, sealed, true); !written) {
    // Without space nothing was synced, and the next commit writes over what there is of this one. After any other
    // error nobody knows what is on the disk until it is read again.
    if (written.error().code != ErrorCode::kExhausted) failure_ = written.error().message;
    return std::move(written).error();
  }
  advance(BytesView(sealed).subspan(kLengthBytes));
  // The batch is durable; its head becomes so with the next batch at the latest.
  if (auto written = write_slot({sequence_, last_}, false); !written) failure_ = written.error().message;
  return {};
}

Result<void> StoreFile::write_all(BytesView pages, const NextBatch& next) {
  TRY(storage_->write(name_, 0, pages, false));
  do {
    Bytes batch = next();
    if (batch.empty() && sequence_ > 0) break;
    const auto sealed = seal_batch(batch);
    wipe(batch);
    if (!sealed) return sealed.error();
    TRY(storage_->write(name_, end_, *sealed, false));
    advance(BytesView(*sealed).subspan(kLengthBytes));
  } while (true);
  TRY(write_slot({sequence_ - 1, before_last_}, false));
  return write_slot({sequence_, last_}, true);
}

Result<StoreFile> StoreFile::replace(std::shared_ptr<Storage> storage, const std::string& name, const KeySource& keys,
                                     SealPolicy policy, const NextBatch& next, bool& unknown) {
  unknown = false;
  SealedHead head = TRY(make_sealed_head(keys, SealKind::kStore, policy, label_of(name)));
  Bytes pages = head.encoded;
  pages.resize(kLogOffset);
  StoreFile file(std::move(storage), name + std::string(kTemporarySuffix), std::move(head));
  const auto remove = [&] { return file.storage_->remove(file.name_); };
  // What a crash left there is of no use, and more of it must not follow what is written now.
  if (auto removed = remove(); !removed && removed.error().code != ErrorCode::kNotFound) {
    return std::move(removed).error();
  }
  if (auto written = file.write_all(pages, next); !written) {
    static_cast<void>(remove());  // gives the space back if it can; the next attempt does otherwise
    return std::move(written).error();
  }
  if (auto renamed = file.storage_->rename(file.name_, name); !renamed) {
    unknown = true;
    return std::move(renamed).error();
  }
  file.name_ = name;
  return file;
}

Result<StoreFile> StoreFile::open(std::shared_ptr<Storage> storage, const std::string& name, const KeySource& keys,
                                  SealPolicy policy, const Apply& apply) {
  const Bytes pages = TRY(storage->read(name, 0, kLogOffset));
  SealedHead head = TRY(open_sealed_head(keys, SealKind::kStore, policy, label_of(name), pages));
  if (pages.size() != kLogOffset) {
    return untrusted("cut short: {} bytes, where the least are {}", pages.size(), kLogOffset);
  }
  TRY(check_zero(BytesView(pages).first(kPageBytes).subspan(head.encoded.size())));
  StoreFile file(std::move(storage), name, std::move(head));
  const Slots slots = TRY(file.read_slots(pages));
  TRY(file.read_log(slots, apply));
  TRY(file.repair(slots).within("repairing it after a crash"));
  return file;
}

Result<StoreFile::Slots> StoreFile::read_slots(BytesView pages) const {
  Slots out;
  for (std::size_t index = 0; index < 2; ++index) {
    const BytesView page = pages.subspan(slot_offset(index), kPageBytes);
    TRY(check_zero(page.subspan(kSlotRecordBytes)));
    const auto plain = open_record(key_, slot_context(index), page.first(kSlotRecordBytes));
    if (!plain) continue;
    Cursor cursor(plain->expose());
    Slot slot;
    slot.sequence = TRY(cursor.read_le<std::uint64_t>());
    std::ranges::copy(TRY(cursor.read_bytes(kSealSaltBytes)), slot.salt.begin());
    out[index] = slot;
  }
  if (!out[0] && !out[1]) return untrusted("altered: neither of its heads verifies");
  return out;
}

Result<void> StoreFile::read_log(const Slots& slots, const Apply& apply) {
  // A slot that does not verify was being overwritten with the head of the batch after the other slot's: that batch had
  // then been synced before.
  const std::uint64_t committed = slots[0] && slots[1] ? std::max(slots[0]->sequence, slots[1]->sequence)
                                                       : (slots[0] ? slots[0] : slots[1])->sequence + 1;
  LogReader reader(*storage_, name_, end_);
  std::string_view fault;
  while (true) {
    if (const auto& slot = slots[sequence_ % 2]; slot && slot->sequence == sequence_ && slot->salt != last_) {
      return untrusted("altered: batch {} is not the one that was committed", sequence_);
    }
    const BytesView length_bytes = TRY(reader.peek(kLengthBytes));
    if (length_bytes.size() < kLengthBytes) {
      fault = "cut short";
      break;
    }
    const auto length = load_le<std::uint32_t>(length_bytes);
    fault = "altered";
    if (length < kSealedRecordOverhead || length > kBatchBytes + kSealedRecordOverhead) break;
    const BytesView whole = TRY(reader.peek(kLengthBytes + length));
    if (whole.size() < kLengthBytes + length) {
      fault = "cut short or altered";
      break;
    }
    const BytesView record = whole.subspan(kLengthBytes);
    const auto batch = open_record(key_, next_batch_context(), record);
    if (!batch) break;
    TRY(apply(batch->expose()));
    advance(record);
    reader.consume(kLengthBytes + length);
  }
  // What follows the last batch that verifies is one that was never committed, or damage to one that was.
  if (sequence_ < committed) {
    return untrusted("{}: {} batches were committed, {} of them are intact", fault, committed, sequence_);
  }
  return {};
}

Result<void> StoreFile::repair(const Slots& slots) {
  if (TRY(storage_->size(name_)) > end_) TRY(storage_->truncate(name_, end_));
  const Slot before{sequence_ - 1, before_last_};
  const Slot last{sequence_, last_};
  if (slots[last.sequence % 2] == last) return {};
  // The batches must be durable before a head says so, and one head before the other is overwritten.
  TRY(storage_->write(name_, end_, {}, true));
  if (slots[before.sequence % 2] != before) TRY(write_slot(before, true));
  TRY(write_slot(last, true));
  return {};
}

}  // namespace adyton
