#!/bin/bash
# pack.sh PROGRAM ZIP - makes a Lambda function's code of the program, which must run on Amazon Linux 2023.
set -euo pipefail
program=$1 zip=$2

# Amazon Linux 2023 has glibc 2.34, and none of the libraries that sound and windows need.
newest=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
if [ "$(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -n 1)" != GLIBC_2.34 ]; then
  echo "pack.sh: $program needs $newest; Amazon Linux 2023 has GLIBC_2.34. Build it on an older system, such as Debian 11 or 12." >&2
  exit 1
fi
foreign=$(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }' | grep -vE '^(libc|libm|libgcc_s|libpthread|libdl|librt|ld-linux-.*)\.so' || true)
if [ -n "$foreign" ]; then
  echo "pack.sh: $program needs libraries that Lambda does not have: $foreign" >&2
  exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
install -m 755 "$program" "$folder/bootstrap"
strip "$folder/bootstrap"
rm -f "$zip"
(cd "$folder" && python3 -m zipfile -c code.zip bootstrap)
mkdir -p "$(dirname "$zip")"
mv "$folder/code.zip" "$zip"
echo "$zip: $(stat -c %s "$zip") bytes; the program has $(stat -c %s "$folder/bootstrap"), and needs $newest at most"
