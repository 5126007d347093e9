#!/bin/bash
# setup.sh - make what run.sh needs in $RIG_WORK (default ~/.cache/composer-rig): Debian's kernel with a few modules,
# udev, the emulated keyboard and an initramfs; 72 MB to download, 80 MB on disk. Does nothing where all is there.
#
# The kernel and udev come from the configured Debian archive; they are unpacked, never installed.
# Packages it needs: see the rig's list in tooling/setup.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${RIG_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/composer-rig}
die() { echo "setup.sh: $1" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || die "the guest runs the host's programs under an amd64 kernel: this machine is $(uname -m)"
mkdir -p "$work"

# The initramfs loads these in this order; the others can be loaded with modprobe in the guest.
boot_modules="virtio_pci 9pnet_virtio 9p overlay"
rig_modules="vhci-hcd snd-hrtimer snd-usb-audio snd-seq-midi snd-seq-dummy"
other_modules="snd-virmidi snd-aloop snd-dummy usbmon"

# The files of these modules and of what they depend on, in the order of loading.
in_order() { # ROOT MODULES
  local module
  for module in $2; do modprobe -d "$1" -S "$kernel" --show-depends "$module"; done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# The compressed kernel's contents: qemu starts an ELF file by PVH, and the guest is spared the unpacking.
unpack_kernel() { # FROM TO
  python3 - "$1" "$2" <<'PY'
import lzma, subprocess, sys, zlib

packed = open(sys.argv[1], "rb").read()
unpack = {
    b"\xfd7zXZ\0": lambda b: lzma.LZMADecompressor().decompress(b),
    b"\x1f\x8b\x08": lambda b: zlib.decompressobj(31).decompress(b),
    b"\x28\xb5\x2f\xfd": lambda b: subprocess.run(["zstd", "-dcq"], input=b, capture_output=True).stdout,
}
for magic, how in unpack.items():
    at = packed.find(magic)
    while at >= 0:
        try:
            kernel = how(packed[at:])
        except (lzma.LZMAError, zlib.error, OSError):
            kernel = b""
        if kernel.startswith(b"\x7fELF"):
            open(sys.argv[2], "wb").write(kernel)
            sys.exit(0)
        at = packed.find(magic, at + 1)
sys.exit(f"setup.sh: no kernel found in {sys.argv[1]}")
PY
}

if [ ! -f "$work/kernel-release" ]; then
  fresh=$(mktemp -d "$work/unpack.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  download() {
    local image
    image=$(apt-cache depends linux-image-amd64 2> /dev/null | awk '/Depends: linux-image/ { print $2; exit }')
    # As root apt drops to a user of its own, who may not write here; it only warns about that.
    [ -n "$image" ] && (cd "$fresh" && apt-get download -q "$image" udev > apt.log 2>&1)
  }
  # Package lists that are missing or old are brought up to date where that needs no question.
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  download || { "${as_root[@]}" apt-get update -qq && download; } < /dev/null ||
    { cat "$fresh/apt.log" >&2; die "could not download linux-image-amd64 and udev: type 'sudo apt-get update' and try again"; }
  for deb in "$fresh"/*.deb; do dpkg -x "$deb" "$fresh/root"; done
  # Older packages have /lib and /bin beside /usr. The layer lies over the host's root, where they are links into /usr.
  for d in lib bin; do
    if [ -d "$fresh/root/$d" ]; then mkdir -p "$fresh/root/usr/$d" && cp -a "$fresh/root/$d/." "$fresh/root/usr/$d/"; fi
    rm -rf "${fresh:?}/root/$d" && ln -s "usr/$d" "$fresh/root/$d"
  done
  kernel=$(ls "$fresh/root/usr/lib/modules")
  find "$fresh/root/usr/lib/modules" -name '*.ko.xz' -exec busybox unxz {} +
  depmod -b "$fresh/root" "$kernel"

  rm -rf "$work/layer"
  layer=$work/layer/usr
  mkdir -p "$layer"/{lib/systemd,lib/udev,bin,"lib/modules/$kernel"}
  cp "$fresh/root/usr/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$layer/lib/modules/$kernel/"
  in_order "$fresh/root" "$boot_modules $rig_modules $other_modules" | sed "s|^$fresh/root/\(usr/\)\?lib/||" |
    (cd "$fresh/root/usr/lib" && xargs cp --parents -t "$layer/lib")
  cp -a "$fresh/root/usr/lib/systemd/systemd-udevd" "$layer/lib/systemd/"
  cp -a "$fresh/root/usr/bin/udevadm" "$layer/bin/"
  cp -a "$fresh/root/usr/lib/udev/." "$layer/lib/udev/"
  # Rules for what the guest has not got only cost start-up time.
  find "$layer/lib/udev/rules.d" -type f ! -name '50-udev-default*' ! -name '78-sound-card*' ! -name '60-persistent-alsa*' -delete
  mkdir -p "$work/modules"
  ln -sfn ../layer/usr/lib "$work/modules/lib"
  depmod -b "$work/modules" "$kernel"
  unpack_kernel "$fresh"/root/boot/vmlinuz-* "$work/vmlinux"
  echo "$kernel" > "$work/kernel-release"
fi
kernel=$(cat "$work/kernel-release")

if [ ! -x "$work/akm322-sim" ] || [ "$here/sim/akm322_sim.rs" -nt "$work/akm322-sim" ]; then
  # Static, so that a keyboard needs nothing of the host's libraries.
  rustc --edition 2024 -O -C strip=symbols -C target-feature=+crt-static -o "$work/akm322-sim" "$here/sim/akm322_sim.rs"
fi

if [ ! -f "$work/initrd.cpio" ] || [ "$here/init" -nt "$work/initrd.cpio" ] || [ "$work/kernel-release" -nt "$work/initrd.cpio" ]; then
  initrd=$(mktemp -d "$work/initrd.XXXXXX")
  mkdir -p "$initrd"/{bin,m,proc,sys,dev,low,rw,new}
  for stage in boot rig; do
    modules=${stage}_modules
    in_order "$work/modules" "${!modules}" | while read -r file; do
      cp -n "$file" "$initrd/m/"
      echo "${file##*/}"
    done > "$initrd/m/$stage.list"
  done
  cp "$(command -v busybox)" "$initrd/bin/busybox"
  cp "$here/init" "$initrd/init"
  chmod 755 "$initrd" "$initrd/init"
  (cd "$initrd" && find . | cpio -o -H newc --quiet) > "$work/initrd.new"
  mv "$work/initrd.new" "$work/initrd.cpio"
  rm -rf "$initrd"
  echo "rig ready in $work: kernel $kernel, initramfs $(du -h "$work/initrd.cpio" | cut -f1)"
fi
