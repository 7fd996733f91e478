#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`cli_documented.py ADYTON PAGE`: every subcommand and option that the program offers stands on the page, in its section."""
import pathlib
import re
import subprocess
import sys


def names(pattern, *command):
    return set(re.findall(pattern, subprocess.run(command, check=True, capture_output=True, text=True).stdout, re.M))


def main(tool, page):
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", pathlib.Path(page).read_text(), re.M | re.S))
    offered = names(r"^  ([a-z]+)  ", tool, "--help")
    problems = [f"{name}: no section" for name in offered - sections.keys()]
    problems += [f"{name}: a section for no subcommand" for name in sections.keys() - offered]
    for name in sorted(offered & sections.keys()):
        inner = names(r"^  ([a-z]+)  ", tool, name, "--help")
        problems += [f"{name}: {one} is not described" for one in sorted(inner) if f"`{one}" not in sections[name]
                     and f"adyton {name} {one}" not in sections[name]]
        for command in [[name], *([name, one] for one in sorted(inner))]:
            for option in sorted(names(r"^  (?:-\w,)?(--[a-z-]+)", tool, *command, "--help") - {"--help"}):
                if option not in sections[name]:
                    problems.append(f"{' '.join(command)}: {option} is not described")
    print("\n".join(problems) or f"{len(offered)} subcommands are described")
    return 1 if problems or not offered else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
