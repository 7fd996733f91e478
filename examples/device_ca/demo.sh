#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The device CA at work: 1,000 devices enrol, the CA's key is looked for in the memory of the enclave that has just used
# it, every certificate is checked with openssl, some are revoked, and the CA is restarted.
# Usage: demo.sh [COUNT]; ADYTON_BIN names the folder of the programs.
set -euo pipefail
count=${1:-1000}
bin=${ADYTON_BIN:-$(dirname "$(readlink -f "$0")")/../../build/release/bin}
work=$(mktemp -d)
host=
trap 'exec 3>&- || true; [ -z "$host" ] || wait "$host" || true; rm -rf "$work"' EXIT
start=$(date +%s%N)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() { printf 'demo.sh: %s\n' "$*" >&2; exit 1; }
seconds() { awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f", (b - a) / 1e9 }'; }

say "1. $count devices each make a key and a certificate request, with the openssl command"
mkdir "$work/requests"
make_requests() { # FIRST LAST FOLDER
  for device in $(seq "$1" "$2"); do
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -batch \
      -out "$3/device-$device.csr" -subj "/O=Fleet/CN=device-$device" \
      -addext "subjectAltName=DNS:device-$device.fleet.example" 2>/dev/null
  done
}
began=$(date +%s%N)
make_requests 1 $((count / 2)) "$work/requests" &
make_requests $((count / 2 + 1)) "$count" "$work/requests"
wait $!
# And some that no CA should sign.
openssl req -new -newkey rsa:1024 -nodes -keyout /dev/null -subj "/CN=weak-key" -out "$work/requests/weak.csr" 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj "/CN=wants-to-be-a-ca" \
  -addext basicConstraints=critical,CA:TRUE -out "$work/requests/wants-to-be-a-ca.csr" 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj "/O=Fleet/CN=device-1" \
  -out "$work/requests/second-device-1.csr" 2>/dev/null
head -c 200 "$work/requests/device-1.csr" >"$work/requests/cut-short.csr"
sed 's/^MI\(.\{20\}\)..../MI\1AAAA/' "$work/requests/device-2.csr" >"$work/requests/altered.csr"
head -c 20000 /dev/zero | tr '\0' x >"$work/requests/too-large.csr"
echo "made in $(seconds "$began") s, and six more that must be refused"

say "2. The CA, in its enclave, makes its key and issues certificates"
mkfifo "$work/stay"
"$bin/device_ca" enrol --wait --state "$work/state" --requests "$work/requests" --out "$work/certificates" \
  <"$work/stay" >"$work/enrolled" &
host=$!
exec 3>"$work/stay"
until grep -q 'stays until' "$work/enrolled"; do kill -0 $host || die "it ended"; sleep 0.02; done
grep -v 'stays until' "$work/enrolled"

say "3. The key is looked for in all memory, of the enclave that has just used it $count times and of its host program"
enclave=$(sed -n 's/.*(process \([0-9]*\),.*/\1/p' "$work/enrolled")
digest=$(sed -n 's/.*SHA-256 \([0-9a-f]*\)).*/\1/p' "$work/enrolled")
"$bin/key_search" --control
if [ "${ADYTON_BACKEND:-}" = sgx-emulated ]; then
  echo "emulated SGX keeps nothing secret from this machine: the key is where root finds it, in process $enclave"
elif [ "$(id -u)" -eq 0 ]; then
  "$bin/key_search" "$enclave" "$digest"
else
  echo "not root: the enclave's memory cannot even be opened: $(cat "/proc/$enclave/mem" 2>&1 >/dev/null | sed 's/.*: //')"
fi
"$bin/key_search" "$host" "$digest"
exec 3>&-
status=0
wait $host || status=$?
host=
[ $status -eq 13 ] || die "device_ca enrol: exit status $status, not 13 (some refused)"

say "4. openssl verifies every certificate"
"$bin/device_ca" ca --state "$work/state" --out "$work/ca.pem"
good=$(openssl verify -x509_strict -CAfile "$work/ca.pem" "$work"/certificates/*.pem | grep -c ': OK$')
echo "$good of $count certificates are good; $(grep -c '"event":"issued"' "$work/state/audit.jsonl") lines in the audit log tell of them"
[ "$good" -eq "$count" ] || die "not all are"

say "5. Two devices are revoked; openssl refuses them from now on"
"$bin/device_ca" revoke --state "$work/state" --reason keyCompromise \
  --certificate "$work/certificates/device-1.pem" "$work/certificates/device-2.pem"
"$bin/device_ca" crl --state "$work/state" --out "$work/crl.pem"
openssl crl -in "$work/crl.pem" -CAfile "$work/ca.pem" -noout 2>&1 | sed 's/^/the revocation list: /'
for device in 1 2 3; do
  if openssl verify -crl_check -CAfile "$work/ca.pem" -CRLfile "$work/crl.pem" \
    "$work/certificates/device-$device.pem" >/dev/null 2>&1; then
    echo "device-$device: accepted"; [ $device -eq 3 ] || die "a revoked certificate is accepted"
  else
    echo "device-$device: refused"; [ $device -ne 3 ] || die "a good certificate is refused"
  fi
done

say "6. The CA is started again: it is the same CA"
"$bin/device_ca" show --state "$work/state"
"$bin/device_ca" ca --state "$work/state" --out "$work/again.pem"
cmp "$work/ca.pem" "$work/again.pem" && echo "the same certificate, the same key, from sealed state"
[ "$("$bin/device_ca" show --state "$work/state" | sed -n 's/.*SHA-256 //p')" = "$digest" ] || die "it is another key"

say "Done in $(seconds "$start") s. The key was made in the enclave, used there, sealed, opened again, and never seen outside."
