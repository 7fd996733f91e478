#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`run_tutorial.py BUILD PAGE`: does what the page says, in an installed Adyton, and compares what it shows.

A fenced `sh` block is run by one shell, block after block. A fenced `text` block right after it is the output (both
streams) that the page promises; "..." in it stands for any text. A fenced block after a line <!-- file: NAME --> is
written to NAME. A line <!-- status: N --> before a `sh` block says that it ends with that status.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "package"))
from outside import Outside

BLOCK = re.compile(r"(?:<!-- (file|status): (\S+) -->\n+)?^```(\w+)\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.M | re.S)


def matches(wanted, found):
    pattern = re.escape(wanted.strip()).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, found.strip(), re.S) is not None


def steps(page):
    for mark, argument, language, text, output in BLOCK.findall(page):
        if mark == "file":
            yield "file", argument, text, None
        elif language == "sh":
            yield "run", int(argument or 0), text, output or None


def run_page(outside, page, folder):
    """Does what the page says, beginning in this folder. Returns what was wrong, or None."""
    count = 0
    for kind, argument, text, output in steps(pathlib.Path(page).read_text()):
        if kind == "file":
            (folder / argument).write_text(text)
            continue
        count += 1
        print("$", text.strip().replace("\n", "\n  "), flush=True)
        where = outside.work.parent / "where"
        done = subprocess.run(["bash", "-c", f'set -e\ntrap \'pwd >"{where}"\' EXIT\n{text}'], cwd=folder,
                              env=outside.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        print(done.stdout, flush=True)
        if done.returncode != argument:
            return f"ended with status {done.returncode} instead of {argument}"
        if output is not None and not matches(output, done.stdout):
            return f"the page shows:\n{output}"
        folder = pathlib.Path(where.read_text().strip())
    print(f"{count} blocks ran")
    return None if count else "the page has no commands"


def main(build, page):
    with Outside(build, "install") as outside:
        return run_page(outside, page, outside.work)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
