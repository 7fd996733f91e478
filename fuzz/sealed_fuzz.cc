// SPDX-License-Identifier: Apache-2.0
// Whatever a host gives for something sealed ends in an error, and a store it was given as is stays untouched.
#include <adyton/sealed_blob.h>
#include <adyton/sealed_store.h>

#include "seal/store_batch.h"
#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  const testing::FakeKeySource keys;
  static_cast<void>(unseal(keys, SealPolicy::kSigner, "fuzz", input));

  const auto storage = std::make_shared<testing::MemoryStorage>();
  storage->set_contents("fuzz", to_bytes(input));
  if (!SealedStore::open(storage, keys, SealPolicy::kSigner, "fuzz") && storage->contents("fuzz") != to_bytes(input)) {
    __builtin_trap();
  }

  StoreBatchReader reader(input);
  Bytes again;
  while (!reader.at_end()) {
    const auto change = reader.next();
    if (!change) return 0;
    if (change->erases) {
      append_erase(again, change->key);
    } else {
      append_put(again, change->key, change->value);
    }
  }
  if (again != to_bytes(input)) __builtin_trap();  // one form only
  return 0;
}
