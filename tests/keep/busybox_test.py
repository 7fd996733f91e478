#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`busybox_test.py BIN`: fetches the source of Debian's busybox into BIN/../busybox, builds it as a static-PIE, signs it with
the command `adyton` in BIN, and compares what its applets do natively and as an SGX enclave in the emulator. Is left out
(77) where the archive cannot be reached and the source is not there from before."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

bin_folder = pathlib.Path(sys.argv[1]).resolve()
folder = bin_folder.parent / "busybox"
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-busybox-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"))
OPTIONS = """LFS LONG_OPTS FEATURE_VERBOSE_USAGE ASH ASH_ECHO ASH_PRINTF ASH_TEST AWK FEATURE_AWK_LIBM BASE64 BASENAME BC CAT
CKSUM CUT DATE DC FEATURE_DC_BIG DD DIRNAME ECHO EXPAND EXPR FACTOR FALSE FOLD GREP FEATURE_GREP_CONTEXT HEAD HEXDUMP LS
FEATURE_LS_FILETYPES FEATURE_LS_SORTFILES MD5SUM NL OD PASTE PRINTF REV SED SEQ SHA1SUM SHA256SUM SH_MATH_SUPPORT SLEEP SORT
FEATURE_SORT_BIG STRINGS SUM TAC TAIL TEE TEST TR TRUE UNIQ UUENCODE WC XXD""".split()
TABLE = "pear 3\napple 1\nfig 2\napple 1\n"
OF_TABLE = """cat|sort|sort -k2n -r|uniq|wc|grep -n apple|grep -c x|sed s/apple/plum/;2d|awk {s+=$2}END{print(s,NR,sqrt(s))}
head -n 2|tail -n 2|cut -d: -f1|tr a-z A-Z|tac|rev|nl|paste - -|md5sum|sha1sum|sha256sum|cksum|sum|base64|od -c|hexdump -C|xxd
strings|fold -w 3|expand|tee|uuencode name|dd bs=5 count=3""".replace("\n", "|").split("|")
ALONE = """echo hello world|seq 1 3 20|expr 6 * 7|printf %05d_%s_%x\\n 42 text 255|factor 123456789|basename /a/b/c.txt .txt
dirname /a/b/c.txt|true|false|test 1 -lt 2|date -u -d @1795353600|sleep 0|ls /nowhere|cat /nowhere""".replace("\n", "|").split("|")
SHELL = [
    'for i in 1 2 3; do x=$((i*i)); echo $i $x; done; case abc in a*) echo yes;; esac; f() { echo f $1; }; f 5; exit 4',
    'cd /tmp && echo one > bb && echo two >> bb && while read l; do echo "[$l]"; done < bb; pwd; test -s bb && echo has',
    'set -- a b c; echo $# ${2}; v=hello; echo ${#v} ${v%lo}; trap "echo bye" EXIT; umask',
]


def fetch():
    """The source, by apt-get, from the archive that this machine uses; without touching its own lists."""
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    used = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True).stdout
    archive = next((line for line in used.splitlines() if line.endswith("/debian/")), "http://deb.debian.org/debian")
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb-src [signed-by={keys}] {archive} bookworm main\n")
    apt = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-",
           "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}", "-o", "Acquire::http::Timeout=20",
           "-o", "Acquire::https::Timeout=20", "-o", "Acquire::Retries=1"]
    for command in ["update"], ["source", "busybox"]:
        if subprocess.run([*apt, *command], cwd=folder, stdout=subprocess.DEVNULL).returncode != 0:
            print(f"the source of busybox cannot be fetched from {archive}")
            sys.exit(77)
    return unpacked()


def unpacked():
    return next(folder.glob("busybox-*/"), None)


source = unpacked() or fetch()


def make(*arguments):
    subprocess.run(["make", "-C", source, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL, env=dict(os.environ, KCONFIG_NOTIMESTAMP="1"))


make("allnoconfig")
config = source / ".config"
text = config.read_text()
for option in OPTIONS:
    text = re.sub(rf"^# CONFIG_{option} is not set$", f"CONFIG_{option}=y", text, flags=re.M)
config.write_text(text.replace('CONFIG_EXTRA_CFLAGS=""', 'CONFIG_EXTRA_CFLAGS="-fPIE"'))
subprocess.run(f'yes "" | make -C {source} oldconfig', shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
make("-j2", "CFLAGS_busybox=-static-pie")

native, enclave, tool = source / "busybox_unstripped", work / "busybox", bin_folder / "adyton"
(work / "busybox.toml").write_text('name = "busybox"\n[memory]\nheap = "64MiB"\n')
for command in (["keygen", "isv.pem", "--sgx"], ["sign", native, "-m", "busybox.toml", "--key", "isv.pem", "-o", enclave]):
    subprocess.run([tool, *command], cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL)


def output(command, given):
    done = subprocess.run(command, cwd=work, env=environment, input=given, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


runs = [(each.split(), TABLE) for each in OF_TABLE] + [(each.split(), "") for each in ALONE]
runs += [(["ash", "-c", each], "") for each in SHELL] + [(["bc"], "2^64\nscale=20;1/7\n"), (["dc"], "2 3 ^ p\n")]
different = 0
for arguments, given in runs:
    wanted = output([native, *arguments], given)
    found = output([tool, "run", "-q", enclave, "--on", "sgx-emulated", "--", *arguments], given)
    if wanted != found:
        different += 1
        print(f"busybox {' '.join(arguments)}: natively {wanted}, as an enclave {found}")
print(f"{len(runs)} runs of applets, {different} different")
sys.exit(different != 0)
