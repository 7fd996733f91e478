// SPDX-License-Identifier: Apache-2.0
#include "enclave/memory/pool.h"

#include <atomic>
#include <cstring>

#include <linux/futex.h>

#include "enclave/memory/kernel_unsafe.h"
#include "enclave/memory/page_map.h"

namespace adyton {

// Constant-initialised: nothing of this file needs a constructor to have run.
constinit PoolState pool_state{};

namespace {

constexpr std::uint64_t kPage = 4096;

// Where secret memory is short, a thread's stack gets this much of it, at the end that is used first...
constexpr std::uint64_t kHotStackBytes = 128 << 10;
// ... and the heap leaves this share of what is left to stacks that are still to come.
constexpr std::uint64_t kHeapKeepsFree = 4;

// A lock that needs nothing of the C library: 0 free, 1 held, 2 held and waited for.
class Lock {
 public:
  void lock() {
    std::uint32_t state = 0;
    if (word_.compare_exchange_strong(state, 1, std::memory_order_acquire)) return;
    while (word_.exchange(2, std::memory_order_acquire) != 0) {
      kernel_call(SYS_futex, address_of(&word_), FUTEX_WAIT_PRIVATE, 2);
    }
  }
  void unlock() {
    if (word_.exchange(0, std::memory_order_release) == 2) {
      kernel_call(SYS_futex, address_of(&word_), FUTEX_WAKE_PRIVATE, 1);
    }
  }

 private:
  std::atomic<std::uint32_t> word_{0};
};

class Guard {
 public:
  explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
  ~Guard() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

// The pool's book-keeping, in the pool's own first pages. Guarded by `lock`.
struct Books {
  bool open = false;
  bool said_full = false;
  PageMap taken;
  PageMap secret;              // kPartly only
  std::uint64_t break_at = 0;  // offset of the end of the sbrk area
  std::uint64_t break_start = 0;
};
constinit Lock lock;
constinit Books books;

std::uint64_t pages_in(std::uint64_t size) { return size / kPage + (size % kPage != 0 ? 1 : 0); }
std::uint64_t page_address(std::size_t page) { return pool_state.pool + page * kPage; }
std::size_t page_of(std::uint64_t address) { return (address - pool_state.pool) / kPage; }

void open_books() {
  if (books.open) return;
  const std::size_t pages = pool_state.heap_bytes / kPage;
  const std::size_t words = PageMap::words_for(pages);
  // SAFETY: the pool begins with zeroed, writable pages (BootOptions: 256 at least) that nothing else uses, and both
  // maps together fill less than a thousandth of it.
  auto* memory = reinterpret_cast<std::uint64_t*>(pointer_to(pool_state.pool));
  books.taken = PageMap(memory, pages);
  books.secret = PageMap(memory + words, pages);
  const std::size_t own = pages_in(2 * words * sizeof(std::uint64_t));
  books.taken.take(0, own);
  books.break_start = books.break_at = own * kPage;
  books.open = true;
}

// Makes what is not yet secret of these free pages secret, as far as the budget goes. They hold nothing.
void make_secret(std::size_t first, std::size_t end, std::uint64_t keep_free) {
  if (pool_state.kind != MemoryKind::kPartly) return;
  for (std::size_t page = books.secret.end_of(true, first, end); page < end;) {
    const std::size_t gap_end = books.secret.end_of(false, page, end);
    const std::uint64_t budget = pool_state.secret_left > keep_free ? pool_state.secret_left - keep_free : 0;
    const std::uint64_t count = gap_end - page < budget / kPage ? gap_end - page : budget / kPage;
    if (count == 0 || make_secret_at(page_address(page), count * kPage) != 0) return;
    books.secret.take(page, count);
    pool_state.secret_left -= count * kPage;
    pool_state.secret_bytes += count * kPage;
    page = books.secret.end_of(true, page + count, end);
  }
}

void make_heap_secret(std::size_t first, std::size_t end) {
  make_secret(first, end, pool_state.secret_left / kHeapKeepsFree);
}

// Calls f(start, size, secret) for each stretch of [address, address + size) that is of one kind of memory.
template <class F>
void each_kind(std::uint64_t address, std::size_t size, F f) {
  if (pool_state.kind != MemoryKind::kPartly) return f(address, size, pool_state.kind == MemoryKind::kSecret);
  const std::uint64_t end = address + size;
  while (address < end) {
    const std::size_t page = page_of(address);
    const bool secret = books.secret.taken(page);
    const std::uint64_t run_end = page_address(books.secret.end_of(secret, page, pages_in(end - pool_state.pool)));
    const std::uint64_t stop = run_end < end ? run_end : end;
    f(address, stop - address, secret);
    address = stop;
  }
}

// Calls f(start, size) for each page, or part of one, of secret memory that was ever touched: touching the others would
// cost time and memory. (Ordinary memory may be swapped out, so this would not find all of it.)
template <class F>
void each_touched(std::uint64_t address, std::size_t size, F f) {
  constexpr std::size_t kBatch = 256;
  unsigned char touched[kBatch];
  const std::uint64_t end = address + size;
  while (address < end) {
    const std::uint64_t batch = address / kPage * kPage;
    const std::size_t count = pages_in(end - batch) < kBatch ? pages_in(end - batch) : kBatch;
    if (failed(kernel_call(SYS_mincore, batch, count * kPage, address_of(touched)))) std::memset(touched, 1, count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t page_end = batch + (i + 1) * kPage;
      const std::uint64_t stop = page_end < end ? page_end : end;
      if ((touched[i] & 1) != 0) f(address, stop - address);
      address = stop;
    }
  }
}

// SAFETY: callers (also of copy_range) give ranges of the pool that they own and that are readable and writable.
void wipe_range(std::uint64_t address, std::size_t size) {
  each_kind(address, size, [](std::uint64_t start, std::size_t bytes, bool secret) {
    const bool whole_pages = start % kPage == 0 && bytes % kPage == 0;
    if (secret) {
      each_touched(start, bytes, [](std::uint64_t at, std::size_t part) { std::memset(pointer_to(at), 0, part); });
    } else if (!whole_pages || failed(kernel_call(SYS_madvise, start, bytes, MADV_DONTNEED))) {
      std::memset(pointer_to(start), 0, bytes);
    }
  });
}

void copy_range(std::uint64_t to, std::uint64_t from, std::size_t size) {
  each_kind(from, size, [&](std::uint64_t start, std::size_t bytes, bool secret) {
    auto copy = [&](std::uint64_t at, std::size_t part) {
      std::memcpy(pointer_to(to + (at - from)), pointer_to(at), part);
    };
    secret ? each_touched(start, bytes, copy) : copy(start, bytes);
  });
}

// Says once that the heap is full; `lock` is held, and nothing here allocates.
void say_full(std::uint64_t wanted) {
  if (books.said_full) return;
  books.said_full = true;
  char line[256];
  std::size_t length = 0;
  auto text = [&](const char* part) {
    while (*part != 0) line[length++] = *part++;
  };
  auto number = [&](std::uint64_t value) {
    char digits[20];
    std::size_t count = 0;
    do digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0) line[length++] = digits[--count];
  };
  text("adyton: the enclave's memory is full: no room for ");
  number(wanted);
  text(" more bytes in a heap of ");
  number(pool_state.heap_bytes);
  text(" (it holds thread stacks too); raise the manifest's memory.heap\n");
  kernel_call(SYS_write, 2, address_of(line), length);
}

// Takes the highest free run of `count` pages; kNone if there is none.
std::size_t take_run(std::size_t count) {
  const std::size_t first = count == 0 ? PageMap::kNone : books.taken.find_highest(count);
  if (first == PageMap::kNone) {
    say_full(count * kPage);
  } else {
    books.taken.take(first, count);
  }
  return first;
}

}  // namespace

std::byte* pool_map(std::size_t size, MapUse use) {
  const Guard guard(lock);
  open_books();
  const std::size_t count = pages_in(size);
  const std::size_t first = take_run(count);
  if (first == PageMap::kNone) return nullptr;
  const std::size_t end = first + count;
  if (use == MapUse::kThreadStack) {
    const std::size_t hot = kHotStackBytes / kPage < count ? kHotStackBytes / kPage : count;
    make_secret(end - hot, end, 0);
    kernel_call(SYS_mprotect, page_address(first), count * kPage, PROT_NONE);
  } else {
    make_heap_secret(first, end);
  }
  return pointer_to(page_address(first));
}

PoolRange pool_range(std::uint64_t address, std::size_t size) {
  const std::uint64_t pool_end = pool_state.pool + pool_state.heap_bytes;
  if (address >= pool_end || size == 0) return PoolRange::kOutside;
  if (address < pool_state.pool) {
    return size <= pool_state.pool - address ? PoolRange::kOutside : PoolRange::kAcross;
  }
  return size <= pool_end - address ? PoolRange::kInside : PoolRange::kAcross;
}

bool pool_owns(std::uint64_t address, std::size_t size) {
  const Guard guard(lock);
  open_books();
  const std::size_t first = page_of(address);
  const std::size_t end = first + pages_in(size);
  return end <= books.taken.pages() && address >= pool_state.pool + pages_in(books.break_at) * kPage &&
         books.taken.end_of(true, first, end) == end;
}

void pool_clear(std::uint64_t address, std::size_t size) {
  const std::size_t bytes = pages_in(size) * kPage;
  kernel_call(SYS_mprotect, address, bytes, PROT_READ | PROT_WRITE);
  wipe_range(address, bytes);
}

void pool_unmap(std::uint64_t address, std::size_t size) {
  const std::size_t end = page_of(address) + pages_in(size);
  // Each stretch that is handed out is wiped while it still belongs to the caller, so without the lock.
  for (std::size_t page = page_of(address); page < end;) {
    std::size_t first = 0;
    std::size_t last = 0;
    {
      const Guard guard(lock);
      open_books();
      const std::size_t floor = pages_in(books.break_at);
      first = books.taken.end_of(false, page > floor ? page : floor, end);
      last = first < end ? books.taken.end_of(true, first, end) : end;
    }
    if (first >= end) return;
    pool_clear(page_address(first), (last - first) * kPage);
    const Guard guard(lock);
    books.taken.give(first, last - first);
    page = last;
  }
}

std::byte* pool_remap(std::uint64_t address, std::size_t old_size, std::size_t new_size, bool may_move) {
  const std::size_t first = page_of(address);
  const std::size_t old_end = first + pages_in(old_size);
  const std::size_t new_end = first + pages_in(new_size);
  if (new_end <= old_end) {
    if (new_end < old_end) pool_unmap(page_address(new_end), (old_end - new_end) * kPage);
    return pointer_to(address);
  }
  {
    const Guard guard(lock);
    if (new_end <= books.taken.pages() && books.taken.end_of(false, old_end, new_end) == new_end) {
      books.taken.take(old_end, new_end - old_end);
      make_heap_secret(old_end, new_end);
      return pointer_to(address);
    }
  }
  if (!may_move) return nullptr;
  std::byte* const moved = pool_map(new_size, MapUse::kData);
  if (moved == nullptr) return nullptr;
  kernel_call(SYS_mprotect, address, (old_end - first) * kPage, PROT_READ | PROT_WRITE);
  copy_range(address_of(moved), address, (old_end - first) * kPage);
  pool_unmap(address, old_size);
  return moved;
}

std::byte* pool_sbrk(std::intptr_t increment) {
  const Guard guard(lock);
  open_books();
  const std::uint64_t old_break = books.break_at;
  if (increment < 0) {
    const std::uint64_t drop = -static_cast<std::uint64_t>(increment);
    if (drop > old_break - books.break_start) return nullptr;
    books.break_at = old_break - drop;
    wipe_range(pool_state.pool + books.break_at, drop);
    const std::size_t first = pages_in(books.break_at);
    books.taken.give(first, pages_in(old_break) - first);
  } else if (increment > 0) {
    const auto grow = static_cast<std::uint64_t>(increment);
    const std::size_t first = pages_in(old_break);
    const std::size_t end = grow <= pool_state.heap_bytes - old_break ? pages_in(old_break + grow) : PageMap::kNone;
    // A refusal is not yet the end: malloc then asks for pages elsewhere.
    if (end == PageMap::kNone || books.taken.end_of(false, first, end) != end) return nullptr;
    books.taken.take(first, end - first);
    make_heap_secret(first, end);
    books.break_at = old_break + grow;
  }
  return pointer_to(pool_state.pool + old_break);
}

}  // namespace adyton
