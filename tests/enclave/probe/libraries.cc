// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>

#include <unistd.h>

#include "crypto/keys.h"
#include "probe.h"

extern char** environ;

namespace {

void run_streams(const Arguments&) {
  std::map<std::string, int> words;
  std::istringstream text("a rose is a rose is a rose");
  for (std::string word; text >> word;) ++words[word];
  REQUIRE(words["rose"] == 3 && words["is"] == 2);
  REQUIRE(std::regex_replace(std::string("seal me"), std::regex("(\\w+) (\\w+)"), "$2 $1") == "me seal");
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string magic(4, ' ');
  REQUIRE(self.read(magic.data(), 4) && magic == "\177ELF");
  REQUIRE(std::filesystem::is_directory("/proc"));
  std::cout << "streams" << std::endl;
}

void run_crypto(const Arguments&) {
  using namespace adyton;
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kEd25519, KeyKind::kRsa3072}) {
    auto key = PrivateKey::generate(kind);
    REQUIRE(key.has_value());
    auto signature = key->sign(as_bytes("message"));
    REQUIRE(signature.has_value());
    REQUIRE(key->public_key().verify(as_bytes("message"), *signature).has_value());
    REQUIRE(!key->public_key().verify(as_bytes("another"), *signature).has_value());
  }
}

// start_values ARGUMENT...: prints arguments and environment, one a line, in the order they came.
void run_start_values(const Arguments& arguments) {
  for (const std::string& argument : arguments) std::cout << "argument " << argument << "\n";
  for (char** variable = environ; *variable != nullptr; ++variable) std::cout << "variable " << *variable << "\n";
}

}  // namespace

const std::vector<Case> kLibraryCases = {
    {"streams", run_streams}, {"crypto", run_crypto}, {"start_values", run_start_values}};
