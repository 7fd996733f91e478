#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each rule of check.py finds what it is there for, and accepts what is right."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
import check

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "// Why.\n#pragma once\n"
ROOMS = "adyton_room(base LEVEL 0)\nadyton_room(crypto LEVEL 1 LINK base)\nadyton_room(call LEVEL 1 LINK base)\n" \
        "adyton_room(image LEVEL 2)\nadyton_room(platform LEVEL 3)\n"


class Rules(unittest.TestCase):
    def problems(self, rule, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in ({"CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n" + ROOMS} | files).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text.replace("@ROOT@", str(root.resolve())))
            return list(check.RULES[rule](check.Tree(root)))

    def accepts(self, rule, files):
        self.assertEqual(self.problems(rule, files), [])

    def finds(self, rule, files, word):
        problems = self.problems(rule, files)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(word, problems[0])

    def test_rooms(self):
        self.accepts("rooms", {"src/image/a.cc": '#include "image/a.h"\n#include "base/b.h"\n#include <adyton/call.h>\n'})
        self.finds("rooms", {"src/base/a.cc": '#include "crypto/b.h"\n'}, "level 0")
        self.finds("rooms", {"src/crypto/a.cc": '#include "call/b.h"\n'}, "level 1")
        self.finds("rooms", {"src/crypto/a.cc": "#include <adyton/host.h>\n"}, "level 3")
        self.finds("rooms", {"src/image/a.cc": '#include "a.h"\n'}, "name the room")
        self.finds("rooms", {"src/odd/a.cc": ""}, "no room")
        self.finds("rooms", {"include/adyton/odd.h": ""}, "PUBLIC_HEADERS")
        self.finds("rooms", {"include/adyton/host.h": '#include "base/error.h"\n'}, "public header")
        self.finds("rooms", {"examples/x/a.cc": '#include "base/error.h"\n'}, "example")
        self.accepts("rooms", {"examples/x/a.cc": '#include <adyton/host.h>\n#include "a.h"\n'})

    def test_libraries(self):
        self.accepts("libraries", {"src/crypto/a.cc": "#include <openssl/evp.h>\n"})
        self.finds("libraries", {"src/image/a.cc": "#include <openssl/evp.h>\n"}, "openssl")
        self.finds("libraries", {"include/adyton/bytes.h": "#include <fmt/format.h>\n"}, "standard library")
        self.finds("libraries", {"include/adyton/bytes.h": "#include <stdint.h>\n"}, "standard library")
        self.accepts("libraries", {"include/adyton/adyton_attest.h": "#include <stdint.h>\n"})
        self.finds("libraries", {"include/adyton/adyton_attest.h": "#include <unistd.h>\n"}, "standard library")

    def test_braces(self):
        function = "Result<A> make() {\n  %s\n}\n"
        for good in ("A a{TRY(b()), c()};", "A a(c(), TRY(b()));", "f({c()}, TRY(b()));", "A a{c(), [&] { return TRY(b()); }};",
                     "for (const auto& [x, y] : TRY(b())) g(x);", "int x = 1, y = 2; TRY(b());"):
            self.accepts("braces", {"src/base/a.cc": function % good})
        for bad in ("A a{c(), TRY(b())};", "A a{c(), d(ADYTON_TRY(b()))};", "v.push_back({.x = c(),\n .y = TRY(b())});"):
            self.finds("braces", {"src/base/a.cc": function % bad}, "give its value a name")

    def test_unsafe(self):
        use = "auto* p = reinterpret_cast<int*>(q);\n"
        self.accepts("unsafe", {"src/base/a_unsafe.cc": "// SAFETY: aligned.\n" + use})
        self.accepts("unsafe", {"src/base/a.cc": '// reinterpret_cast\nauto s = "asm mmap(";\nmunmap(p);\n'})
        self.finds("unsafe", {"src/base/a.cc": use}, "a.cc:1: reinterpret_cast")
        self.finds("unsafe", {"src/base/a.cc": "\n\nasm volatile(\"\");\n"}, "a.cc:3: asm")
        self.finds("unsafe", {"src/base/a.cc": "mmap(0, 1);"}, "mmap")
        self.finds("unsafe", {"tests/a.cc": "::syscall(1);"}, "syscall")
        self.finds("unsafe", {"src/base/a_unsafe.cc": use}, "SAFETY")
        self.finds("unsafe", {"src/base/a_unsafe.cc": "// SAFETY: far.\n" + 9 * "\n" + use}, "SAFETY")
        self.finds("unsafe", {"src/base/a.S": "nop\n"}, "SAFETY")

    def test_headers(self):
        self.accepts("headers", {"src/base/a.h": HEADER, "src/base/a.cc": SPDX + '#include "base/a.h"\n#include <map>\n'})
        self.finds("headers", {"src/base/a.h": HEADER.replace("#pragma once", "#ifndef A")}, "pragma")
        self.finds("headers", {"src/base/a.h": HEADER.replace("// Why.\n", "")}, "why")
        self.finds("headers", {"src/base/a.cc": "int a;\n"}, "SPDX")
        self.finds("headers", {"src/base/a.h": HEADER, "src/base/a.cc": SPDX + '#include <map>\n#include "base/a.h"\n'}, "own")

    def test_sizes(self):
        self.accepts("sizes", {"src/base/a.cc": 800 * "\n", "include/adyton/bytes.h": 300 * "\n"})
        self.finds("sizes", {"src/base/a.cc": 801 * "\n"}, "801")
        self.finds("sizes", {"include/adyton/bytes.h": 301 * "\n"}, "301")
        self.finds("sizes", {"cmake/a.cmake": 600 * "\n", "src/CMakeLists.txt": 500 * "\n"}, "build files")

    def test_types(self):
        one = "namespace adyton {\n\nstruct Check {\n  int a;\n};\n\n}  // namespace adyton\n"
        self.accepts("types", {"src/base/a.h": one, "src/base/b.h": one.replace("namespace adyton {", "namespace adyton::b {")})
        self.accepts("types", {"src/base/a.h": one, "src/base/b.h": "namespace adyton {\nstruct Check;\n}\nstruct Check {\n};\n"})
        self.finds("types", {"src/base/a.h": one, "src/b/b.h": one.replace("struct", "class")}, "adyton::Check is also")

    def test_sides(self):
        self.accepts("sides", {"src/base/a.cc": "#ifdef __clang__\n#if __has_include(<x>)\n"})
        self.finds("sides", {"src/base/a.cc": "#ifdef ADYTON_ENCLAVE\n"}, "two files")

    def test_calls(self):
        answers = "case __NR_read:\ncase __NR_write: return 0;\n"
        table = "{__NR_write, \"d>u\"},\n{__NR_exit, \"d\"},\n"
        files = {"src/keep/syscalls.cc": answers, "src/image/sgx/call_shapes.h": table + '{__NR_read, "d<u"},\n'}
        self.accepts("calls", files)
        self.finds("calls", files | {"src/image/sgx/call_shapes.h": table}, "__NR_read is not")
        self.finds("calls", files | {"src/image/sgx/call_shapes.h": table + "{__NR_read, }\n" * 2}, "twice")

    def test_leftovers(self):
        self.accepts("leftovers", {"src/base/a.cc": "// all done, see /proc/self/exe\n", "docs/x.bin": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")})
        self.finds("leftovers", {"src/base/a.cc": "// TO" + "DO later\n"}, "unfinished")
        self.finds("leftovers", {"docs/a.md": "see /home/" + "ada/x\n"}, "one machine")
        self.finds("leftovers", {"docs/a.md": "see @ROOT@/x\n"}, "one machine")

    def test_links(self):
        page = "# A b, c\n[x](b.md#d-e) [y](#a-b-c) [z](https://example.com) `[q](w)`\n"
        self.accepts("links", {"docs/a.md": page, "docs/b.md": "## D e\n"})
        self.finds("links", {"docs/a.md": page}, "b.md")
        self.finds("links", {"docs/a.md": page, "docs/b.md": "## Other\n"}, "heading")

    def test_example(self):
        template, example = "src/cli/templates/vault/", "examples/hello/"
        files = {template + "@NAME@.cc": "int @NAME@;\n", template + "CMakeLists.txt": "project(@NAME@)\n",
                 example + "hello.cc": SPDX + "int hello;\n", example + "CMakeLists.txt": "project(hello)\n"}
        self.accepts("example", files)
        self.finds("example", files | {example + "hello.cc": "int other;\n"}, "differs")
        self.finds("example", files | {example + "more.cc": ""}, "more.cc")

    def test_alone(self):
        self.accepts("alone", {"include/adyton/a.h": HEADER + "#include <string>\nstd::string s();\n"})
        problems = self.problems("alone", {"include/adyton/a.h": HEADER + "std::string s();\n"})
        self.assertEqual(len(problems), 2, problems)
        self.accepts("alone", {"include/adyton/adyton_attest.h": HEADER + "struct s { int n; };\n"})
        problems = self.problems("alone", {"include/adyton/adyton_attest.h": HEADER + "namespace n {}\n"})
        self.assertEqual(len(problems), 2, problems)  # as C, with both compilers


if __name__ == "__main__":
    unittest.main()
