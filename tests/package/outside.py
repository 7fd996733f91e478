# SPDX-License-Identifier: Apache-2.0
"""What tests that stand outside the tree share: an installed Adyton in a temporary folder, and commands run there."""
import os
import pathlib
import subprocess
import sys
import tempfile


class Outside:
    """A folder with Adyton in `prefix`, a home of its own, and an empty `work` folder. Use as a context manager."""

    def __init__(self, build, how):
        self.build, self.how = pathlib.Path(build).resolve(), how

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="adyton-outside-")
        root = pathlib.Path(self.folder.name)
        self.work, home = root / "work", root / "home"
        self.work.mkdir()
        home.mkdir(mode=0o700)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("XDG_", "CMAKE_", "ADYTON_", "PKG_CONFIG"))} | {"HOME": str(home)}
        if self.how == "deb":
            self.run(["cpack", "-G", "DEB", "-B", str(root / "package")], folder=self.build)
            package, = (root / "package").glob("*.deb")
            self.run(["dpkg-deb", "-x", str(package), str(root / "unpacked")])
            self.prefix = root / "unpacked/usr"
        else:
            self.prefix = root / "prefix"
            self.run(["cmake", "--install", str(self.build), "--prefix", str(self.prefix)])
        # CMake and pkg-config both find what lies beside a program that the PATH finds.
        self.environment["PATH"] = f'{self.prefix / "bin"}:{self.environment["PATH"]}'
        self.environment["PKG_CONFIG_PATH"] = str(self.prefix / "lib/pkgconfig")
        return self

    def __exit__(self, *error):
        self.folder.cleanup()

    def run(self, command, folder=None, stdin="", status=0):
        """Runs a command (a list, or a line for the shell); returns its standard output. Ends the test if the status differs."""
        print("$", command if isinstance(command, str) else " ".join(command), flush=True)
        done = subprocess.run(command, shell=isinstance(command, str), cwd=folder or self.work, env=self.environment,
                              input=stdin, text=True, capture_output=True, timeout=300)
        if done.returncode != status:
            sys.exit(f"ended with status {done.returncode} instead of {status}\n{done.stdout}{done.stderr}")
        return done.stdout


def expect(found, wanted):
    if wanted not in found:
        sys.exit(f"expected: {wanted}\nfound:    {found}")
