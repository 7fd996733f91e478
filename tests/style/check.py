#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to its own rules: `check.py RULE [ROOT]` prints what breaks RULE and fails if anything does.

Each rule is a function from a Tree to the lines to print. check_test.py shows that each can fail.
"""
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# To which room each public header belongs; all of include/adyton/detail belongs to `call`.
PUBLIC_HEADERS = {
    "base": "bytes der identity result secret self storage untrusted",
    "call": "call codec handlers",
    "attest": "adyton_attest",
    "seal": "sealed_blob sealed_store",
    "platform": "host sgx_emulator",
    "enclave": "enclave",
}
# Public headers in C: they must do without C++, and the standard library that they may include is C's.
C_HEADERS = {"include/adyton/adyton_attest.h"}
C_LIBRARY = {"stdbool.h", "stddef.h", "stdint.h"}
# System headers that only one room (or place) may include, because it is the one that hides them.
OWNED_LIBRARIES = {
    "openssl/": {"crypto", "examples"},
    "seccomp.h": {"platform"},
    "toml++/": {"base"},
    "CLI/": {"cli", "examples"},
    "curl/": {"cli"},
    "sqlite3.h": {"examples"},
    "archive.h": {"examples"},
}
CODE_FOLDERS = ["include", "src", "testing", "tests", "examples", "bench", "fuzz"]
LARGEST_FILE, LARGE_FILE, LARGEST_PUBLIC_HEADER, LARGEST_BUILD = 800, 400, 300, 1000


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self, *folders, suffixes=(".h", ".cc", ".S")):
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and path.suffix in suffixes and not {"templates", "corpus"} & set(path.parts):
                    yield path

    def everything(self):
        """All text files that belong to the repository."""
        for path in sorted(self.root.rglob("*")):
            parts = path.relative_to(self.root).parts
            if parts[0] in ("build", ".git") or not path.is_file() or "corpus" in parts or "__pycache__" in parts:
                continue
            yield path

    def name(self, path):
        return str(path.relative_to(self.root))

    def levels(self):
        """{room: level}, from the one table there is: the adyton_room() lines of CMakeLists.txt."""
        text = (self.root / "CMakeLists.txt").read_text()
        return {room: int(level) for room, level in re.findall(r"^adyton_room\((\w+) LEVEL (\d+)", text, re.M)}


def room_of_public_header(name):
    if name.startswith("detail/"):
        return "call"
    for room, headers in PUBLIC_HEADERS.items():
        if name.removesuffix(".h") in headers.split():
            return room
    return None


def place_of(tree, path):
    """The room a file belongs to, or its top-level folder outside the rooms."""
    parts = path.relative_to(tree.root).parts
    if parts[0] == "src":
        return parts[1]
    if parts[0] == "include":
        return room_of_public_header("/".join(parts[2:]))
    return parts[0]


def includes_of(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[1] == "<", match[2]


def code_of(text):
    """The text without comments and literals, each line kept in its place."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda found: re.sub(r"[^\n]+", " ", found[0]), text)


def rule_rooms(tree):
    """An include goes to the own room or to a strictly lower one; public headers include only public headers."""
    levels = tree.levels()
    for path in tree.files("include", "src", "examples"):
        place, name = place_of(tree, path), tree.name(path)
        if name.startswith("include/") and place is None:
            yield f"{name}: add this public header to PUBLIC_HEADERS in tests/style/check.py"
            continue
        if name.startswith("src/") and place not in levels:
            yield f"{name}: src/{place} is no room of CMakeLists.txt"
            continue
        for number, angled, target in includes_of(path):
            where = f"{name}:{number}"
            if target.startswith("adyton/"):
                room = room_of_public_header(target.removeprefix("adyton/"))
            elif not angled and "/" in target and not name.startswith("examples/"):
                room = target.split("/")[0]
                if room == "testing" and name.endswith("_test.cc"):
                    continue
                if name.startswith("include/"):
                    yield f"{where}: a public header includes only public headers, not {target}"
                    continue
            elif name.startswith("examples/") and not angled and target.split("/")[0] in levels:
                yield f"{where}: an example includes only public headers, not {target}"
                continue
            elif not angled and name.startswith("src/"):
                yield f"{where}: name the room: \"{place}/...\" instead of \"{target}\""
                continue
            else:
                continue
            if place in levels and room != place and levels.get(room, 99) >= levels[place]:
                yield (f"{where}: {place} (level {levels[place]}) may not include {target} of {room} "
                       f"(level {levels.get(room, 'none')})")


def rule_libraries(tree):
    """Each third-party library is included by the one room that hides it."""
    for path in tree.files(*CODE_FOLDERS):
        place = place_of(tree, path)
        for number, _, target in includes_of(path):
            for prefix, places in OWNED_LIBRARIES.items():
                if target.startswith(prefix) and place not in places and place not in ("tests", "bench", "fuzz"):
                    yield f"{tree.name(path)}:{number}: only {' and '.join(sorted(places))} may include {target}"
            if tree.name(path) in C_HEADERS and target in C_LIBRARY:
                continue
            if tree.name(path).startswith("include/") and "." in target and not target.startswith("adyton/"):
                yield f"{tree.name(path)}:{number}: a public header includes the standard library and Adyton, not {target}"


UNSAFE = re.compile(r"\breinterpret_cast\b|\b(?:__)?asm(?:__)?\b|\bmmap\s*\(|\bsyscall\s*\(")
SAFETY_ABOVE, SAFETY_BELOW = 8, 2  # lines around a use in which its SAFETY line stands


def rule_unsafe(tree):
    """reinterpret_cast, asm, mmap and raw system calls stand in *_unsafe files or .S, each with a SAFETY line near."""
    for path in tree.files(*CODE_FOLDERS):
        lines = path.read_text().splitlines()
        if path.suffix == ".S":
            if not any("SAFETY:" in line for line in lines):
                yield f"{tree.name(path)}: assembly without a SAFETY line"
            continue
        for number, line in enumerate(code_of(path.read_text()).splitlines(), 1):
            found = UNSAFE.search(line)
            if not found or line.startswith("#include"):  # <asm/errno.h>
                continue
            where, what = f"{tree.name(path)}:{number}", found[0].strip("( ")
            if "_unsafe" not in path.name:
                yield f"{where}: {what} belongs into a file named *_unsafe.cc"
            elif not any("// SAFETY:" in text for text in lines[max(0, number - 1 - SAFETY_ABOVE):number + SAFETY_BELOW]):
                yield f"{where}: {what} without a // SAFETY: line near it"


def rule_braces(tree):
    """No TRY after a comma within braces: g++ 12 does not destroy what such a list holds already when the TRY returns."""
    for path in tree.files(*CODE_FOLDERS):
        code = code_of(path.read_text())
        open_brackets = []  # [which, whether a comma came since it or the last semicolon]
        for found in re.finditer(r"[][(){},;]|\b(?:ADYTON_)?TRY\(", code):
            mark = found[0]
            if mark.endswith("TRY("):
                braces = next((after_comma for which, after_comma in reversed(open_brackets) if which == "{"), False)
                if braces:
                    number = code.count("\n", 0, found.start()) + 1
                    yield f"{tree.name(path)}:{number}: TRY within braces: give its value a name before"
                mark = "("
            if mark in "([{":
                open_brackets.append([mark, False])
            elif mark in ")]}":
                if open_brackets:
                    open_brackets.pop()
            elif open_brackets:
                open_brackets[-1][1] = mark == ","


def rule_headers(tree):
    """Headers say #pragma once and why they exist; a source includes its own header first; every file has its SPDX line."""
    for path in tree.files(*CODE_FOLDERS, "cmake", "packaging", suffixes=(".h", ".cc", ".S", ".py", ".sh", ".cmake", ".toml", ".txt")):
        if path.suffix == ".txt" and path.name != "CMakeLists.txt":
            continue
        lines = path.read_text().splitlines() + ["", "", ""]
        first = 1 if lines[0].startswith("#!") else 0
        if "SPDX-License-Identifier: Apache-2.0" not in lines[first]:
            yield f"{tree.name(path)}: no SPDX-License-Identifier line at the top"
        if path.suffix == ".h":
            if "#pragma once" not in lines:
                yield f"{tree.name(path)}: no #pragma once"
            if not lines[1].startswith("// "):
                yield f"{tree.name(path)}: the second line says why this file exists"
        if path.suffix == ".cc" and path.with_suffix(".h").exists():
            own = path.with_suffix(".h").name
            first_include = next((target for _, _, target in includes_of(path)), "")
            if first_include.split("/")[-1] != own:
                yield f"{tree.name(path)}: includes {first_include} before its own header {own}"


def rule_sizes(tree):
    """No file too long to read, and little build logic."""
    for path in tree.files(*CODE_FOLDERS, suffixes=(".h", ".cc", ".S", ".py", ".sh")):
        count = len(path.read_text().splitlines())
        if count > LARGEST_FILE:
            yield f"{tree.name(path)}: {count} lines; {LARGEST_FILE} are the most"
        elif count > LARGE_FILE:
            print(f"note: {tree.name(path)} has {count} lines", file=sys.stderr)
        if tree.name(path).startswith("include/") and "detail" not in path.parts and count > LARGEST_PUBLIC_HEADER:
            yield f"{tree.name(path)}: {count} lines; {LARGEST_PUBLIC_HEADER} are the most for a public header"
    build = [path for path in tree.everything()
             if path.name in ("CMakeLists.txt", "CMakePresets.json", "dev") or path.suffix in (".cmake", ".in")]
    total = sum(len(path.read_text().splitlines()) for path in build)
    if total > LARGEST_BUILD:
        yield f"the build files have {total} lines in all; {LARGEST_BUILD} are the most"


def rule_types(tree):
    """Headers define a type's name once in a namespace: programs that link both would use one's code on the other."""
    opening = re.compile(r"^(?:inline )?namespace ([\w:]+) \{$")
    definition = re.compile(r"^(?:struct|class|union|enum class|enum)\s+(?:\[\[\w+\]\] )?(\w+)(?:\s+final)?(?:\s*:[^:;].*)?\s*\{")
    seen = {}
    for path in tree.files("include", "src", "testing", suffixes=(".h",)):
        spaces = []
        for line in code_of(path.read_text()).splitlines():
            if found := opening.match(line):
                spaces += found[1].split("::")
            elif line.startswith("}") and not line.startswith("};") and spaces:
                spaces.pop()
            elif found := definition.match(line):
                name = "::".join([*spaces, found[1]])
                first = seen.setdefault(name, path)
                if first != path:
                    yield f"{tree.name(path)}: {name} is also defined in {tree.name(first)}: two types, two names"


def rule_sides(tree):
    """Host or enclave is a folder and a target, never an #ifdef."""
    for path in tree.files("include", "src", "testing", "examples"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b.*(HOST|ENCLAVE|INSIDE|OUTSIDE|SIMULAT|BACKEND|SGX|SNP|TDX)", line, re.I):
                yield f"{tree.name(path)}:{number}: two versions of one file: make it two files, or an argument"


def rule_calls(tree):
    """Each system call that the keep kernel answers has its line in the table of traces."""
    answers, table = tree.root / "src/keep/syscalls.cc", tree.root / "src/image/sgx/call_shapes.h"
    traced = re.findall(r"\{(__NR_\w+),", table.read_text())
    for call in sorted(set(re.findall(r"case (__NR_\w+):", answers.read_text())) - set(traced)):
        yield f"{tree.name(answers)}: {call} is not in {tree.name(table)}"
    for call in sorted({call for call in traced if traced.count(call) > 1}):
        yield f"{tree.name(table)}: {call} stands there twice"


def rule_leftovers(tree):
    """Nothing unfinished, and nothing that only holds on the machine where it was written."""
    here = str(tree.root.resolve())
    here = re.compile(re.escape(here) + r"(?!\w)" if here.count("/") > 1 else r"(?!)")
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    homes = re.compile(r"(?<![\w.])/(?:root|home/[a-z]\w*|Users/\w+)/")
    for path in tree.everything():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        if path.name in ("check.py", "check_test.py"):
            continue
        for number, line in enumerate(lines, 1):
            if marks.search(line):
                yield f"{tree.name(path)}:{number}: unfinished: {line.strip()}"
            if homes.search(line) or here.search(line):
                yield f"{tree.name(path)}:{number}: a path of one machine: {line.strip()}"


def rule_links(tree):
    """Links between pages lead to a file that exists, and to a heading that it has."""
    def anchor(heading):
        return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower())).strip("-")

    def prose(page):
        return re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.M | re.S)

    for page in [path for path in tree.everything() if path.suffix == ".md"]:
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, fragment = target.partition("#")
            other = (page.parent / file) if file else page
            if not other.exists():
                yield f"{tree.name(page)}: {target} is not there"
            elif fragment and other.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", prose(other), re.M)
                if fragment not in map(anchor, headings):
                    yield f"{tree.name(page)}: {target} has no such heading"


def rule_example(tree):
    """examples/hello is what `adyton new hello` writes."""
    template, example = tree.root / "src/cli/templates/vault", tree.root / "examples/hello"
    wanted = {path.name.replace("@NAME@", "hello"): path.read_text().replace("@NAME@", "hello")
              for path in template.iterdir() if path.name != ".gitignore"}
    for name, text in wanted.items():
        path = example / name
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        if "".join(line for line in lines if "SPDX-License-Identifier" not in line) != text:
            yield f"examples/hello/{name} differs from src/cli/templates/vault"
    for path in example.iterdir():
        if path.name not in wanted:
            yield f"examples/hello/{path.name} is not in src/cli/templates/vault"
    sources = [text for name, text in wanted.items() if name.endswith((".h", ".cc"))]
    if sum(len(text.splitlines()) for text in sources) >= 60:
        yield "the vault template has 60 lines of source or more"
    if len(wanted["CMakeLists.txt"].splitlines()) >= 12:
        yield "the vault template's CMakeLists.txt has 12 lines or more"


def rule_alone(tree):
    """Each public header (those in detail/ are parts of others) compiles by itself, without a warning, with both compilers;
    those in C as C11 too."""
    def compile_one(job):
        compiler, path, language = job
        command = [compiler, "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror", "-fsyntax-only",
                   *language, "-I", str(tree.root / "include"), "-"]
        name = tree.name(path).removeprefix("include/")
        done = subprocess.run(command, input=f"#include <{name}>\n", text=True, capture_output=True)
        return f"{compiler}: {name}\n{done.stderr}" if done.returncode else None

    cxx, c = ["-x", "c++", "-std=c++23"], ["-x", "c", "-std=c11", "-pedantic"]
    jobs = [(compiler, path, language) for path in tree.files("include", suffixes=(".h",)) if "detail" not in path.parts
            for language in ([cxx, c] if tree.name(path) in C_HEADERS else [cxx]) for compiler in ("g++", "clang++-19")]
    with ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(compile_one, jobs))


RULES = {name.removeprefix("rule_"): function for name, function in globals().items() if name.startswith("rule_")}


def main(arguments):
    if not arguments or arguments[0] not in RULES:
        print(f"usage: check.py {'|'.join(RULES)} [ROOT]", file=sys.stderr)
        return 2
    root = arguments[1] if len(arguments) > 1 else pathlib.Path(__file__).resolve().parents[2]
    problems = list(RULES[arguments[0]](Tree(root)))
    print("\n".join(problems) if problems else f"{arguments[0]}: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
