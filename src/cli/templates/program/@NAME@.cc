// A program of its own in an enclave: it serves no calls, and has its standard input and output from its host.
//   adyton run build/@NAME@.enclave -- one two <some-file
#include <iostream>
#include <string>

#include <adyton/enclave.h>

int main(int argc, char** argv) {
  std::cout << "This is " << adyton::self().identity().name << ", in an enclave, with " << argc - 1 << " arguments:";
  for (int i = 1; i < argc; ++i) std::cout << ' ' << argv[i];
  std::size_t lines = 0;
  for (std::string line; std::getline(std::cin, line);) ++lines;
  std::cout << "\nIts standard input had " << lines << " lines.\n";
}
