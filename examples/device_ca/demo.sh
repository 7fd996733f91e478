#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The device CA at work: 1,000 devices enrol, every certificate is checked with openssl, some are revoked, the CA is
# restarted, and its key is looked for in the enclave's memory. Usage: demo.sh [COUNT]; ADYTON_BIN names the programs.
set -euo pipefail
count=${1:-1000}
bin=${ADYTON_BIN:-$(dirname "$(readlink -f "$0")")/../../build/release/bin}
work=$(mktemp -d)
trap 'exec 3>&- || true; rm -rf "$work"' EXIT
start=$(date +%s%N)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
seconds() { awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f", (b - a) / 1e9 }'; }

say "1. $count devices each make a key and a certificate request, with the openssl command"
mkdir "$work/requests"
make_request() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out "$2/device-$1.pem" \
    -subj "/O=Fleet/CN=device-$1" -addext "subjectAltName=DNS:device-$1.fleet.example" 2>/dev/null
}
export -f make_request
began=$(date +%s%N)
seq "$count" | xargs -P "$(nproc)" -I{} bash -c 'make_request "$1" "$2"' _ {} "$work/requests"
echo "made in $(seconds "$began") s"
# And three that no CA should sign.
openssl req -new -newkey rsa:1024 -nodes -keyout /dev/null -subj "/CN=weak-key" -out "$work/requests/weak.pem" 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj "/CN=wants-to-be-a-ca" \
  -addext basicConstraints=critical,CA:TRUE -out "$work/requests/ca.pem" 2>/dev/null
head -c 200 "$work/requests/device-1.pem" >"$work/requests/broken.pem"

say "2. The CA in its enclave issues certificates; three of the requests must be refused"
status=0
"$bin/device_ca" enrol --state "$work/state" --requests "$work/requests" --out "$work/certificates" || status=$?
[ $status -eq 13 ] || { echo "exit status $status, not 13 (some refused)"; exit 1; }

say "3. openssl verifies every certificate"
"$bin/device_ca" ca --state "$work/state" --out "$work/ca.pem"
good=$(openssl verify -x509_strict -CAfile "$work/ca.pem" "$work"/certificates/*.pem | grep -c ': OK$')
echo "$good of $count certificates are good"
[ "$good" -eq "$count" ] || exit 1
wc -l <"$work/state/audit.jsonl" | sed 's/$/ lines in the audit log/'

say "4. Two devices are revoked; openssl refuses them from now on"
"$bin/device_ca" revoke --state "$work/state" --reason keyCompromise \
  --certificate "$work/certificates/device-1.pem" "$work/certificates/device-2.pem"
"$bin/device_ca" crl --state "$work/state" --out "$work/crl.pem"
openssl crl -in "$work/crl.pem" -CAfile "$work/ca.pem" -noout -verify 2>&1 | grep -i 'verify OK'
for device in 1 2 3; do
  if openssl verify -crl_check -CAfile "$work/ca.pem" -CRLfile "$work/crl.pem" \
    "$work/certificates/device-$device.pem" >/dev/null 2>&1; then
    echo "device-$device: accepted"; [ $device -eq 3 ] || exit 1
  else
    echo "device-$device: refused"; [ $device -ne 3 ] || exit 1
  fi
done

say "5. The CA is started again: it is the same CA"
"$bin/device_ca" ca --state "$work/state" --out "$work/again.pem"
cmp "$work/ca.pem" "$work/again.pem" && echo "same certificate, same key, from sealed state"

say "6. The CA's key is looked for in the memory of the enclave, and of the program that launched it"
mkfifo "$work/stay"
"$bin/device_ca" show --wait --state "$work/state" <"$work/stay" >"$work/shown" &
host=$!
exec 3>"$work/stay"
until grep -q 'stays until' "$work/shown"; do kill -0 $host || exit 1; sleep 0.05; done
sed -n 1,4p "$work/shown"
enclave=$(awk '/^process:/ { print $2 }' "$work/shown")
digest=$(awk '/private key/ { print $NF }' "$work/shown")
"$bin/key_search" --control
if [ "$(id -u)" -eq 0 ]; then
  "$bin/key_search" "$enclave" "$digest"
else
  echo "not root: the enclave's memory cannot be opened at all ($(cat "/proc/$enclave/maps" 2>&1 >/dev/null | sed 's/.*: //'))"
fi
"$bin/key_search" "$host" "$digest"
exec 3>&-
wait $host

say "Done in $(seconds "$start") s. The key was made in the enclave, sealed, used $((good + 2)) times and more, and never seen."
