// SPDX-License-Identifier: Apache-2.0
// Checks a file of evidence with libadyton-attest:
//
//   verify [-c COLLATERAL]... [-r KIND=TRUST_ROOT]... [-p POLICY] [-d REPORT_DATA] [-t SECONDS] [-j] EVIDENCE
//
// All but SECONDS (since 1970; default: now) and KIND (what the root is trusted for: "development", ...) are files. Prints the report, with -j as JSON. Ends with 0 if the evidence is
// accepted, else with the status: see adyton/adyton_attest.h.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <adyton/adyton_attest.h>

struct file {
  void *bytes;
  size_t size;
};

// Ends the program if that cannot be read.
static struct file load(const char *path) {
  struct file out = {malloc(ADYTON_MAX_INPUT_BYTES + 1), 0};
  FILE *stream = fopen(path, "rb");
  if (out.bytes == NULL || stream == NULL) {
    perror(path);
    exit(ADYTON_IO);
  }
  out.size = fread(out.bytes, 1, ADYTON_MAX_INPUT_BYTES + 1, stream);  // one too many: the library refuses it
  if (ferror(stream) != 0) {
    perror(path);
    exit(ADYTON_IO);
  }
  fclose(stream);
  return out;
}

// Ends the program if that could not be set up.
static void expect(adyton_status status, const adyton_verifier *verifier, const char *path) {
  if (status == ADYTON_OK) return;
  fprintf(stderr, "%s: %s: %s\n", path, adyton_status_name(status), adyton_verifier_message(verifier));
  exit(status);
}

int main(int argc, char **argv) {
  adyton_verifier *verifier = adyton_verifier_new();
  if (verifier == NULL) return ADYTON_EXHAUSTED;
  struct file report_data = {NULL, 0};
  int64_t now = (int64_t)time(NULL);
  int json = 0;

  for (int option; (option = getopt(argc, argv, "c:r:p:d:t:j")) != -1;) {
    struct file file = {NULL, 0};
    char *root = NULL;
    adyton_status status = ADYTON_OK;
    switch (option) {
      case 'c':
        file = load(optarg);
        status = adyton_verifier_add_collateral(verifier, optarg, strlen(optarg), file.bytes, file.size);
        break;
      case 'r':
        root = strchr(optarg, '=');
        if (root == NULL) return 2;
        *root = '\0';  // from here on optarg is the kind
        file = load(root + 1);
        status = adyton_verifier_add_trust_root(verifier, optarg, file.bytes, file.size);
        break;
      case 'p':
        file = load(optarg);
        status = adyton_verifier_set_policy(verifier, file.bytes, file.size);
        break;
      case 'd':
        free(report_data.bytes);
        report_data = load(optarg);
        break;
      case 't': now = strtoll(optarg, NULL, 10); break;
      case 'j': json = 1; break;
      default: return 2;
    }
    free(file.bytes);  // the library keeps nothing of it
    expect(status, verifier, optarg);
  }
  if (optind != argc - 1) {
    fprintf(stderr, "usage: %s [-c COLLATERAL] [-r KIND=ROOT] [-p POLICY] [-d REPORT_DATA] [-t SECONDS] [-j] EVIDENCE\n",
            argv[0]);
    return 2;
  }

  struct file evidence = load(argv[optind]);
  adyton_result *result = NULL;
  const adyton_status status = adyton_verify(verifier, evidence.bytes, evidence.size, report_data.bytes,
                                             report_data.size, now, &result);
  const char *report = json ? adyton_result_json(result, NULL) : adyton_result_text(result, NULL);
  if (report != NULL) puts(report);
  fprintf(stderr, "%s: %s\n", adyton_status_name(status), adyton_result_headline(result));

  adyton_result_free(result);
  adyton_verifier_free(verifier);
  free(report_data.bytes);
  free(evidence.bytes);
  return status;
}
