#!/bin/bash
# install.sh prepare|install|uninstall [PROGRAM DIST] - what `make build`, `make install` and `make uninstall` do.
#
# prepare writes the manual pages and completions into DIST; install copies them, the program and the udev rule below
# $DESTDIR$PREFIX and notes every file in share/composer/installed, by which uninstall goes.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${PREFIX:-/usr/local}
destination=${DESTDIR:-}
rule=udev/70-composer-akm322.rules
installed=$destination$prefix/share/composer/installed

# udev reads its rules in /etc (the administrator's) and /usr/lib (packages'); no other prefix means anything to it.
rules_folder=/etc/udev/rules.d
[ "$prefix" != /usr ] || rules_folder=/usr/lib/udev/rules.d

# What a desktop looks up by itself: menus, icons and which program opens a MIDI file.
reload_desktop() {
  [ -z "$destination" ] || return 0
  if command -v update-desktop-database > /dev/null; then update-desktop-database -q "$prefix/share/applications" || true; fi
  if command -v gtk-update-icon-cache > /dev/null; then gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor" 2> /dev/null || true; fi
}

reload_udev() {
  # A package's install step or a staging folder must not touch the running system.
  [ -z "$destination" ] && [ "$(id -u)" = 0 ] && [ -S /run/udev/control ] && command -v udevadm > /dev/null || return 0
  udevadm control --reload
  udevadm trigger --subsystem-match=usb --attr-match=idVendor=1acc
}

# copy MODE FROM TO: and note it, first, so that what an interrupted run left is known as well.
copy() {
  echo "$3" >> "$installed"
  install -D -m "$1" "$2" "$destination$3"
}

case ${1:-} in
  prepare)
    program=$2 dist=$3
    rm -rf "$dist.new"
    mkdir -p "$dist.new/completions"
    "$program" man "$dist.new/man"
    "$program" completions bash > "$dist.new/completions/composer"
    "$program" completions zsh > "$dist.new/completions/_composer"
    "$program" completions fish > "$dist.new/completions/composer.fish"
    rm -rf "$dist"
    mv "$dist.new" "$dist"
    ;;
  install)
    program=$2 dist=$3
    mkdir -p "$(dirname "$installed")" || { echo "install: cannot write below $destination$prefix: type 'sudo make install', or 'make install PREFIX=\$HOME/.local'" >&2; exit 1; }
    copy 755 "$program" "$prefix/bin/composer"
    copy 644 "$dist/completions/composer" "$prefix/share/bash-completion/completions/composer"
    copy 644 "$dist/completions/_composer" "$prefix/share/zsh/site-functions/_composer"
    copy 644 "$dist/completions/composer.fish" "$prefix/share/fish/vendor_completions.d/composer.fish"
    copy 644 assets/desktop/composer.desktop "$prefix/share/applications/composer.desktop"
    copy 644 assets/desktop/composer.metainfo.xml "$prefix/share/metainfo/composer.metainfo.xml"
    copy 644 assets/icon/composer.svg "$prefix/share/icons/hicolor/scalable/apps/composer.svg"
    reload_desktop
    for page in "$dist"/man/*.1; do copy 644 "$page" "$prefix/share/man/man1/${page##*/}"; done
    for paper in LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md; do copy 644 "$paper" "$prefix/share/doc/composer/$paper"; done
    if [ -n "$destination" ] || [ -w "$(dirname "$rules_folder")" ]; then
      copy 644 "$rule" "$rules_folder/${rule##*/}"
      reload_udev
    else
      echo "install: the udev rule needs root: sudo install -D -m 644 $rule $rules_folder/${rule##*/} && sudo udevadm control --reload && sudo udevadm trigger"
    fi
    sort -u -o "$installed" "$installed"
    echo "installed $destination$prefix/bin/composer"
    ;;
  uninstall)
    [ -f "$installed" ] || { echo "uninstall: nothing of composer's below $destination$prefix (no $installed)" >&2; exit 1; }
    while read -r file; do rm -f "$destination$file"; done < "$installed"
    rm -f "$installed"
    rmdir --ignore-fail-on-non-empty "$destination$prefix"/share/{doc/composer,composer}
    reload_desktop
    reload_udev
    echo "removed composer from $destination$prefix; your takes and settings stay"
    ;;
  *)
    sed -n '2,5p' "$0"
    exit 2
    ;;
esac
