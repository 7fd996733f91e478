// SPDX-License-Identifier: Apache-2.0
// OpenSSL's libcrypto: digests, a cipher, keys and signatures, random numbers. Prints only what is the same each time.
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

static void print(const char* name, const unsigned char* bytes, size_t count) {
  printf("%s ", name);
  for (size_t i = 0; i < count; ++i) printf("%02x", bytes[i]);
  printf("\n");
}

static int encrypt(unsigned char* out, const unsigned char* text, int count, unsigned char* tag) {
  static const unsigned char key[32] = {1, 2, 3}, nonce[12] = {4, 5, 6};
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int length = 0, ok = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce);
  ok = ok && EVP_EncryptUpdate(context, out, &length, text, count) && EVP_EncryptFinal_ex(context, out, &length);
  ok = ok && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag);
  EVP_CIPHER_CTX_free(context);
  return ok;
}

static void sign(const char* name, EVP_PKEY* key, const EVP_MD* digest) {
  static const unsigned char text[] = "signed in an enclave";
  unsigned char signature[512];
  size_t size = sizeof(signature);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  int signs = key != NULL && EVP_DigestSignInit(context, NULL, digest, NULL, key) &&
              EVP_DigestSign(context, signature, &size, text, sizeof(text));
  EVP_MD_CTX_free(context);
  context = EVP_MD_CTX_new();
  int verifies = signs && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) &&
                 EVP_DigestVerify(context, signature, size, text, sizeof(text)) == 1;
  // (Another text, not another signature: that might be no DER at all, and leave other errors behind.)
  int refuses = verifies && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) &&
                EVP_DigestVerify(context, signature, size, text, sizeof(text) - 1) != 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  printf("%s signs %d verifies %d refuses %d\n", name, signs, verifies, refuses);
}

int main(void) {
  unsigned char digest[64], text[1000], sealed[1000], tag[16];
  unsigned int size = 0;
  memset(text, 'a', sizeof(text));
  EVP_Digest(text, sizeof(text), digest, &size, EVP_sha256(), NULL);
  print("SHA-256", digest, size);
  EVP_Digest(text, sizeof(text), digest, &size, EVP_sha3_512(), NULL);
  print("SHA3-512", digest, size);
  if (!encrypt(sealed, text, sizeof(text), tag)) return 1;
  EVP_Digest(sealed, sizeof(sealed), digest, &size, EVP_sha256(), NULL);
  print("AES-256-GCM", digest, size);
  print("tag", tag, sizeof(tag));
  sign("P-256", EVP_EC_gen("P-256"), EVP_sha256());
  sign("RSA-2048", EVP_RSA_gen(2048), EVP_sha256());
  sign("Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
  unsigned char first[32] = {0}, second[32] = {0};
  int made = RAND_bytes(first, 32) + RAND_bytes(second, 32);
  printf("random %d %d\n", made, memcmp(first, second, 32) != 0);
  printf("errors %lu\n", ERR_get_error());
  return 0;
}
