// SPDX-License-Identifier: Apache-2.0
// Checking evidence of any vendor's trusted execution environment, for C and whatever can call C: plain C11, no C++.
//
//   adyton_verifier *verifier = adyton_verifier_new();
//   adyton_verifier_add_collateral(verifier, "tcb.json", 8, bytes, size);  // and so on; each returns a status
//   adyton_verifier_set_policy(verifier, toml, toml_size);                 // whose evidence is wanted
//   adyton_result *result;
//   if (adyton_verify(verifier, evidence, size, report_data, 48, time(NULL), &result) == ADYTON_OK) { trust it }
//   puts(adyton_result_headline(result));
//   adyton_result_free(result);
//   adyton_verifier_free(verifier);
//
// Nothing here has a clock, does I/O, reads the environment, keeps state outside the two handles, reports through errno
// or throws. Hostile bytes end in a status. docs/evidence/c-api.md says more.
//
// Input is a pointer and a size, read during the call only and never kept. A null pointer with the size 0 is empty
// input; a null pointer with another size, or a null handle, is ADYTON_INVALID. Text is UTF-8 and needs no zero at its
// end.
//
// Threads: any function may be called from any thread at any time, but a handle is freed once, when nobody uses it any
// more, and while a verifier is set up the messages are for the thread that does it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ADYTON_MUST_USE __attribute__((warn_unused_result))
#else
#define ADYTON_MUST_USE
#endif

#define ADYTON_ATTEST_VERSION "0.1.0"  // of this header

// Of the library that runs: "0.1.0". Programs that were built with the same two first numbers run with it.
const char *adyton_attest_version(void);

// How a call ended: the exit statuses of the command `adyton`. New ones may come: treat all but ADYTON_OK as a no.
typedef enum adyton_status {
  ADYTON_OK = 0,
  ADYTON_INVALID = 10,      // malformed or out of range: evidence, collateral, policy, an argument
  ADYTON_NOT_FOUND = 11,    // (not returned by this library now)
  ADYTON_UNAVAILABLE = 12,  // adyton_verify: cannot be told: collateral or a root is missing; the report says which
  ADYTON_DENIED = 13,       // adyton_verify: genuine, but not what the policy wants
  ADYTON_UNTRUSTED = 14,    // adyton_verify: not genuine
  ADYTON_EXPIRED = 15,      // adyton_verify: genuine, but something is not valid at the time asked about
  ADYTON_EXHAUSTED = 16,    // out of memory, or input beyond ADYTON_MAX_INPUT_BYTES
  ADYTON_IO = 17,           // (not returned by this library now)
  ADYTON_INTERNAL = 18      // a defect in the library: report it
} adyton_status;

#define ADYTON_MAX_INPUT_BYTES ((size_t)16 << 20)  // of any single piece of input

// "untrusted", "ok"; "unknown" for a number that is none. Static.
const char *adyton_status_name(int status);

// ---- The verifier: what evidence is checked with -------------------------------------------------------------------
//
// It is set up with the calls below, then used by any number of threads. The first adyton_verify() closes it: from then
// on, setting it up is ADYTON_DENIED, so that all its answers are given with the same things. Newer collateral, or
// another policy: another verifier. It remembers signatures it has computed (no answer depends on that), so one that is
// kept is faster than a new one each time.

typedef struct adyton_verifier adyton_verifier;

// Trusts the vendors' roots that are built in, has no collateral, and the policy that a file without a line would be:
// no debugging, an up-to-date platform, but of whomever. Null: no memory. To be freed with adyton_verifier_free().
ADYTON_MUST_USE adyton_verifier *adyton_verifier_new(void);
void adyton_verifier_free(adyton_verifier *verifier);  // null: nothing happens

// Collateral as it comes: certificates, revocation lists, TCB infos, identities, in PEM, DER, JSON, AMD's table or
// Adyton's bundle (docs/evidence/collateral.md). It needs no trust: nothing in it is believed unless a root vouches for
// it. `name`: of `name_size` bytes, for messages; may be empty.
ADYTON_MUST_USE adyton_status adyton_verifier_add_collateral(adyton_verifier *verifier, const char *name,
                                                             size_t name_size, const void *bytes, size_t size);

// What only one kind of evidence understands and is nothing of the above: an event log, a manifest. By its name.
ADYTON_MUST_USE adyton_status adyton_verifier_add_document(adyton_verifier *verifier, const char *name,
                                                           size_t name_size, const void *bytes, size_t size);

// Certificates and public keys (PEM, DER or a JWK set) to trust besides the vendors' roots, for evidence of one kind
// and no other. `kind`: one of the names in docs/evidence/roots.md: "intel-sgx", "amd", "development", "arm-cca",
// "ear", "microsoft-token"... Null, another name, or a root that such evidence does not take: ADYTON_INVALID.
ADYTON_MUST_USE adyton_status adyton_verifier_add_trust_root(adyton_verifier *verifier, const char *kind,
                                                             const void *bytes, size_t size);

// Narrows tokens of an attestation service to this issuer (and others that are named so), as the claim "iss" has it:
// "https://shared.weu.attest.azure.net". Without it the service's tokens count whoever their issuer is, if a root for
// the service vouches for the key. ADYTON_INVALID: no issuer of a service that is known.
ADYTON_MUST_USE adyton_status adyton_verifier_trust_issuer(adyton_verifier *verifier, const char *url);

// Trusts nobody, the vendors included, until roots are added.
ADYTON_MUST_USE adyton_status adyton_verifier_clear_trust_roots(adyton_verifier *verifier);

// What is wanted of evidence, in TOML (docs/evidence/policy.md); replaces the policy before. After a policy that was
// not understood, adyton_verify() refuses to work: no weaker policy takes its place.
ADYTON_MUST_USE adyton_status adyton_verifier_set_policy(adyton_verifier *verifier, const char *toml, size_t size);

// Why the last call that sets up `verifier` failed; "" if it did not. Belongs to the verifier, until the next such
// call.
const char *adyton_verifier_message(const adyton_verifier *verifier);

// ---- Verifying -----------------------------------------------------------------------------------------------------

typedef struct adyton_result adyton_result;

// Checks evidence of any kind, in any wrapping that is known. ADYTON_OK means: genuine at `now_seconds` (since 1970),
// and all that the policy wants. Whatever else is returned, do not trust the sender.
//
// `report_data`: what the workload must have put into the evidence (a nonce, a hash of its key), in place of the
// policy's `report_data`; shorter than the evidence's: the rest must be zero. Null: not asked for, and old evidence
// passes for new. Not null but of size 0 is ADYTON_INVALID.
//
// `result`: where the result goes, to be freed with adyton_result_free(), whatever is returned; null if it is not
// wanted. It becomes null only when there is no memory for a result.
ADYTON_MUST_USE adyton_status adyton_verify(const adyton_verifier *verifier, const void *evidence, size_t evidence_size,
                                            const void *report_data, size_t report_data_size, int64_t now_seconds,
                                            adyton_result **result);

// The report data with which an Adyton enclave answers `nonce` (`adyton attest --nonce`), for adyton_verify().
#define ADYTON_NONCE_REPORT_DATA_BYTES 48
ADYTON_MUST_USE adyton_status adyton_report_data_of_nonce(const void *nonce, size_t nonce_size,
                                                          uint8_t report_data[ADYTON_NONCE_REPORT_DATA_BYTES]);

// ---- The result: immutable; everything got from it belongs to it and lives as long ---------------------------------

void adyton_result_free(adyton_result *result);  // null: nothing happens

adyton_status adyton_result_status(const adyton_result *result);  // what adyton_verify() returned; null: ADYTON_INVALID

// What cryptography says, whatever the policy wants.
typedef enum adyton_answer {
  ADYTON_ANSWER_NONE = 0,         // there was nothing to check: the bytes are no evidence, an argument is wrong
  ADYTON_ANSWER_NOT_GENUINE = 1,  // a signature, chain or binding does not hold
  ADYTON_ANSWER_UNDECIDED = 2,    // something that is needed to tell is missing
  ADYTON_ANSWER_OUT_OF_TIME = 3,  // genuine, but a certificate, list or other collateral is not valid at that time
  ADYTON_ANSWER_GENUINE = 4
} adyton_answer;
adyton_answer adyton_result_answer(const adyton_result *result);

// One line for people and logs: "Genuine, and as wanted", or why not, or what is wrong with the input. Parts of it may
// be the sender's words. Never null.
const char *adyton_result_headline(const adyton_result *result);

// The whole report. Made at the first call. `size`: its bytes without the zero at its end; may be null. Null (and size
// 0) when there is no memory for it or `result` is null; HTML also when the answer is ADYTON_ANSWER_NONE.
const char *adyton_result_json(const adyton_result *result, size_t *size);  // docs/evidence/c-api.md
const char *adyton_result_text(const adyton_result *result, size_t *size);  // for a terminal, without colours
const char *adyton_result_html(const adyton_result *result, size_t *size);  // one page that needs nothing else

// What accepted evidence says of itself, for programs to go on with.
typedef enum adyton_claim {
  ADYTON_CLAIM_PLATFORM = 1,        // text: "sgx", "tdx", "sev-snp", "nitro", ...
  ADYTON_CLAIM_HARDWARE_MODEL = 2,  // text: "Milan", ...
  ADYTON_CLAIM_MEASUREMENT = 3,     // MRENCLAVE, MRTD, launch digest, PCR0, ...
  ADYTON_CLAIM_SIGNER = 4,          // MRSIGNER, digest of the ID key, ...
  ADYTON_CLAIM_REPORT_DATA = 5,     // what the workload put in
  ADYTON_CLAIM_HOST_DATA = 6        // what the host put in
} adyton_claim;

// The bytes of one claim (an adyton_claim; a number that is none has no bytes). Null and size 0 when the evidence has
// no such claim, and always when the status is not ADYTON_OK: what nobody vouches for is only in the reports.
const uint8_t *adyton_result_claim(const adyton_result *result, int claim, size_t *size);

#ifdef __cplusplus
}
#endif
