// SPDX-License-Identifier: Apache-2.0
// SQLite, zlib and OpenSSL as Debian builds them.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sqlite3.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

const unsigned char* bytes_of(const std::string& text) {
  return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
}

void database() {
  const std::string file = "/tmp/adyton-" + std::to_string(getpid()) + ".sqlite";
  sqlite3* open = nullptr;
  std::cout << sqlite3_open(file.c_str(), &open);
  const auto run = [&](const char* text) {
    char* error = nullptr;
    const auto row = [](void*, int count, char** values, char**) {
      for (int index = 0; index < count; ++index)
        std::cout << " " << (values[index] != nullptr ? values[index] : "null");
      return 0;
    };
    std::cout << sqlite3_exec(open, text, row, nullptr, &error);
    if (error != nullptr) std::cout << error;
  };
  run("create table numbers (value integer, name text)");
  run("begin");
  for (int value = 0; value < 2000; ++value) {
    run(("insert into numbers values (" + std::to_string(value) + ", 'n" + std::to_string(value % 7) + "')").c_str());
  }
  run("commit");
  run("create index by_name on numbers (name)");
  run("select name, count(*), sum(value) from numbers group by name order by name");
  run("begin");
  run("delete from numbers where value % 2 = 0");
  run("rollback");
  run("vacuum");
  run("pragma integrity_check");
  std::cout << sqlite3_close(open) << "\n";
  std::cout << sqlite3_open(file.c_str(), &open);
  run("select count(*) from numbers");
  std::cout << sqlite3_close(open) << unlink(file.c_str()) << "\n";
}

void compression() {
  std::string text;
  for (int line = 0; line < 5000; ++line) text += "line " + std::to_string(line * line) + "\n";
  uLongf size = compressBound(text.size());
  std::vector<Bytef> packed(size);
  std::cout << compress2(packed.data(), &size, bytes_of(text), text.size(), 9) << " " << size;
  std::string back(text.size(), 0);
  uLongf length = back.size();
  std::cout << uncompress(static_cast<Bytef*>(static_cast<void*>(back.data())), &length, packed.data(), size)
            << (back == text);
  const std::string file = "/tmp/adyton-" + std::to_string(getpid()) + ".gz";
  gzFile out = gzopen(file.c_str(), "wb");
  std::cout << gzwrite(out, text.data(), unsigned(text.size())) << gzclose(out);
  gzFile in = gzopen(file.c_str(), "rb");
  std::cout << gzread(in, back.data(), unsigned(back.size())) << gzclose(in) << unlink(file.c_str()) << "\n";
}

void cryptography() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned bytes = 0;
  const std::string text(100'000, 'a');
  EVP_Digest(text.data(), text.size(), digest, &bytes, EVP_sha256(), nullptr);
  for (unsigned index = 0; index < 4; ++index) std::printf("%02x", digest[index]);
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t size = 0;
  std::cout << " " << EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key)
            << EVP_DigestSign(context, nullptr, &size, bytes_of(text), text.size());
  std::vector<unsigned char> signature(size);
  std::cout << EVP_DigestSign(context, signature.data(), &size, bytes_of(text), text.size());
  EVP_MD_CTX_reset(context);
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  std::cout << EVP_DigestVerify(context, signature.data(), size, bytes_of(text), text.size());
  std::cout << RAND_bytes(digest, 32) << std::endl;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
}

}  // namespace

int main() {
  database();
  compression();
  std::cout << std::flush;
  cryptography();
  return 0;
}
