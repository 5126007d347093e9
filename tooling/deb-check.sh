#!/bin/bash
# deb-check.sh PACKAGE.deb - installs it with apt, looks at what a user gets, removes it, and looks that nothing is left.
set -euo pipefail
cd "$(dirname "$0")/.."
package=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "deb-check: installing takes root: sudo make deb-check" >&2; exit 4; }
for name in composer composer-midi; do
  if dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null | grep -q '^installed'; then
    echo "deb-check: a package $name is installed here already; it is left alone, and nothing was checked" >&2
    exit 1
  fi
done
remove() { DEBIAN_FRONTEND=noninteractive apt-get -y -qq purge composer-midi > /dev/null; }
trap remove EXIT
DEBIAN_FRONTEND=noninteractive apt-get -y -qq install --no-install-recommends "$package" > /dev/null

failed=0
check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" > /dev/null 2>&1; then echo "ok    $name"; else echo "FAILED $name: $*"; failed=1; fi
}
check "the program answers" /usr/bin/composer --version
check "it finds what it is linked with" bash -c '! ldd /usr/bin/composer | grep -q "not found"'
check "manual pages" man -w composer-record
check "the menu entry is valid" test -f /usr/share/applications/composer.desktop
check "it opens MIDI files" grep -q 'MimeType=.*audio/midi' /usr/share/applications/composer.desktop
check "the icon" test -f /usr/share/icons/hicolor/scalable/apps/composer.svg
check "the description for software centres" test -f /usr/share/metainfo/composer.metainfo.xml
check "the udev rule" test -f /usr/lib/udev/rules.d/70-composer-akm322.rules
check "completions" bash -c 'source /usr/share/bash-completion/completions/composer'
check "the licence" test -f /usr/share/doc/composer-midi/copyright
if command -v desktop-file-validate > /dev/null; then check "desktop-file-validate" desktop-file-validate /usr/share/applications/composer.desktop; fi
mapfile -t files < <(dpkg -L composer-midi | while read -r file; do [ -d "$file" ] || echo "$file"; done)

trap - EXIT
remove
left=0
for file in "${files[@]}"; do
  if [ -e "$file" ]; then echo "FAILED left behind: $file"; left=1; fi
done
[ "$left" = 1 ] || echo "ok    ${#files[@]} files came and all of them went"
[ "$failed$left" = 00 ]
