// SPDX-License-Identifier: Apache-2.0
// What `adyton doctor` runs in a sandbox in place of an enclave.
#pragma once

namespace adyton::supervisor {

// The supervisor's program does this instead of supervising when it is started under this name.
inline constexpr char kProbeName[] = "adyton-probe";

// Tries from inside what an enclave will need, and prints a line "NAME NUMBER" for each finding:
// "secret_bytes": the largest power of two that memfd_secret memory can have, 0 if none; "secret_error": its errno;
// "dumpable": whether others may look into this process.
int run_probe();

}  // namespace adyton::supervisor
