#!/bin/bash
# fresh-check.sh [TARGET...] - does on a machine where nothing is installed what the README's first minute says.
#
# debootstrap makes a minimal Debian in a folder; the compiler in use here is copied in, the last commit is cloned, and
# `make run` and `make test` (or the targets named) are typed, one after the other, with nobody to answer. What is
# missing the project has to fetch by itself, and from the network: some 15 minutes and 12 GB, which go again at the end.
#
# FRESH_FOLDER (/var/tmp): where that folder is put. FRESH_SUITE: Debian's release, by itself the one that runs here.
# FRESH_KEEP=1 leaves it for a look.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "fresh-check: $*" >&2; }

[ "$(id -u)" = 0 ] || { say "a root file system takes root: sudo make fresh-check"; exit 4; }
command -v debootstrap > /dev/null || {
  say "installing debootstrap"
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -qq debootstrap > /dev/null
}
targets=("$@")
[ $# != 0 ] || targets=(run test)
suite=${FRESH_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")}
mirror=http://deb.debian.org/debian

work=$(mktemp -d "${FRESH_FOLDER:-/var/tmp}/composer-fresh.XXXXXX")
root=$work/root
# Mounts live in a mount namespace of their own, so that nothing here can reach past the folder.
finish() { if [ -n "${FRESH_KEEP:-}" ]; then say "left for a look: $work"; else rm -rf --one-file-system -- "$work"; fi; }
trap finish EXIT

say "Debian $suite, minimal"
debootstrap --variant=minbase --include=make,git,ca-certificates "$suite" "$root" "$mirror" > "$work/debootstrap.log" 2>&1 ||
  { tail -n 20 "$work/debootstrap.log" >&2; say "debootstrap failed"; exit 1; }
# The network as it is reached from here: names, and whom to trust.
cp /etc/resolv.conf "$root/etc/resolv.conf"
if [ -d /usr/local/share/ca-certificates ]; then cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"; fi
chroot "$root" update-ca-certificates > /dev/null 2>&1
sysroot=$(rustc --print sysroot)
say "the compiler: $(rustc --version)"
cp -a "$sysroot/bin" "$sysroot/lib" "$sysroot/libexec" "$root/usr/local/" 2> /dev/null || cp -a "$sysroot/bin" "$sysroot/lib" "$root/usr/local/"
# A clone has what is committed, and nothing of what lies about.
git clone --quiet --no-local --bare . "$root/root/composer.git"
git clone --quiet "$root/root/composer.git" "$root/root/composer"
git -C "$root/root/composer" remote remove origin
commit=$(git rev-parse --short HEAD)

# What a machine has by itself.
inside() {
  unshare --mount --pid --fork -- bash -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
    mknod -m 666 "$root/dev/tty" c 5 0
    exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      CARGO_INCREMENTAL=0 bash -euc "cd /root/composer; \"\$@\"" fresh "$@"
  ' fresh "$root" "$@"
}

failed=0
for target in "${targets[@]}"; do
  say "make $target"
  began=$SECONDS
  code=0
  inside make "$target" < /dev/null > "$work/$target.log" 2>&1 || code=$?
  took=$((SECONDS - began))
  printf 'make %-5s %-12s %d min %02d s   (%s, Debian %s, %s cores)\n' "$target" \
    "$([ $code = 0 ] && echo "succeeded" || echo "ended with $code")" $((took / 60)) $((took % 60)) "$commit" "$suite" "$(nproc)"
  if [ $code != 0 ]; then tail -n 60 "$work/$target.log"; failed=1; fi
  if [ "$target" = run ] && [ $code = 0 ]; then tail -n 14 "$work/run.log"; fi
done
exit $failed
