#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`exports_test.py LIBRARY HEADER`: the library shows the functions that the header declares, and no other symbol."""
import pathlib
import re
import subprocess
import sys


def main(library, header):
    text = re.sub(r"//[^\n]*", "", pathlib.Path(header).read_text())
    declared = set(re.findall(r"\b(adyton_\w+)\(", text))
    shown = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", library], check=True,
                           capture_output=True, text=True).stdout
    symbols = {line.split("@")[0].split(" ")[0] for line in shown.splitlines()}
    symbols = {name for name in symbols if not name.startswith("ADYTON_ATTEST_")}  # the version itself
    print("\n".join(f"{name}: not in both" for name in sorted(declared ^ symbols)) or f"{len(symbols)} functions")
    return 1 if declared != symbols or not symbols else 0


sys.exit(main(*sys.argv[1:]))
