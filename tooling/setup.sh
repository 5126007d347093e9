#!/bin/bash
# setup.sh PART... - sees to it that what a part of the work needs is there: build, sound, test, rig, audio, likeness,
# fuzz, screenshots.
#
# Debian's packages are installed where this may be done without asking (root, or sudo without a password); otherwise
# the command to type is shown and nothing is changed. With everything there it takes a few hundredths of a second.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "setup: $*" >&2; }

# ca-certificates: cargo and rustup fetch over https.
build_packages=(gcc libc6-dev make pkg-config libasound2-dev libusb-1.0-0-dev libudev-dev ca-certificates)
# umockdev and udev: captured USB devices. xvfb, xdotool and libx*: a display, hands on it, and what a window needs. The rest: independent readers of MIDI files, terminals, lints, `kill`.
test_packages=(umockdev xvfb xdotool libxkbcommon-x11-0 libx11-xcb1 libxcursor1 libxi6 python3-mido abcmidi midicsv man-db procps tmux shellcheck)
rig_packages=(qemu-system-x86 busybox-static cpio kmod zstd alsa-utils usbutils jq python3 python3-mido)
# A sound server without hardware, and the synthesiser that composer is measured beside.
audio_packages=(jackd2 libjack-jackd2-dev fluidsynth timgm6mb-soundfont libasound2-plugins python3-mido)
likeness_packages=(python3-numpy python3-scipy)
screenshots_packages=(python3-rich)
# libFuzzer is C++.
fuzz_packages=(g++)

# A SoundFont for the first `composer play`: free (GPL-2), all of General MIDI, and by far the smallest that is (6 MB).
soundfont_package=timgm6mb-soundfont

packages=() fuzz=0 sound=0
for part; do
  case $part in
    build) packages+=("${build_packages[@]}") ;;
    test) packages+=("${test_packages[@]}") ;;
    rig) packages+=("${rig_packages[@]}") ;;
    screenshots) packages+=("${screenshots_packages[@]}") ;;
    audio) packages+=("${audio_packages[@]}") ;;
    sound) sound=1 ;;
    likeness) packages+=("${likeness_packages[@]}") ;;
    fuzz) packages+=("${fuzz_packages[@]}") fuzz=1 ;;
    *) say "no part '$part': build, sound, test, rig, audio, likeness, fuzz or screenshots"; exit 2 ;;
  esac
done

# The packages that are not installed, into `missing`.
find_missing() {
  local installed package
  # dpkg-query fails as soon as one of them is unknown to it, and still answers for the others.
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2> /dev/null | sed -n 's/ installed$//p' || true)
  missing=()
  for package in $(printf '%s\n' "${packages[@]}" | sort -u); do
    grep -qxF -- "$package" <<< "$installed" || missing+=("$package")
  done
}

# How to become root without asking, into `root`; fails where that is not possible.
become_root() {
  root=(env DEBIAN_FRONTEND=noninteractive)
  [ "$(id -u)" = 0 ] || { sudo -n true 2> /dev/null && root=(sudo -n "${root[@]}"); }
}

# rust-version of Cargo.toml is the oldest compiler that will do.
wanted_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rust_is_there() {
  local version
  command -v cargo > /dev/null && version=$(cargo --version 2> /dev/null | cut -d ' ' -f 2) || return 1
  [ "$(printf '%s\n%s\n' "$wanted_rust" "$version" | sort -V | head -n 1)" = "$wanted_rust" ]
}

if command -v dpkg-query > /dev/null; then
  find_missing
  wants_rustup() { ! command -v rustup > /dev/null && ! rust_is_there; }
  # Images for containers come without package lists; apt knows no rustup then.
  if wants_rustup && [ -z "$(apt-get indextargets 'Created-By: Packages' 2> /dev/null)" ] && become_root; then
    say "fetching the package lists"
    "${root[@]}" apt-get update -qq < /dev/null > /dev/null || say "could not fetch them; going on without"
  fi
  # Debian 13 and later have rustup; it then brings the compiler.
  if wants_rustup && [ -n "$(apt-cache --quiet=0 search --names-only '^rustup$' 2> /dev/null)" ]; then
    missing+=(rustup)
  fi
  if [ ${#missing[@]} != 0 ]; then
    install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}")
    if ! become_root; then
      say "these packages are missing. Type this, then try again:"
      echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    say "installing ${missing[*]}"
    # A machine whose package lists are missing or old gets new ones; another need not wait for that.
    "${root[@]}" "${install[@]}" -qq < /dev/null > /dev/null 2>&1 ||
      { "${root[@]}" apt-get update -qq < /dev/null && "${root[@]}" "${install[@]}" -qq < /dev/null > /dev/null; } ||
      { say "could not install them; type this to see why: sudo ${install[*]}"; exit 1; }
    hash -r
  fi
  # Nothing depends on it: composer has instruments of its own. Any SoundFont that is there will do.
  soundfont_is_there() {
    local folder
    for folder in ${SOUNDFONTS:-/usr/share/sounds/sf2 /usr/share/sounds/sf3 /usr/share/soundfonts}; do
      compgen -G "$folder/*.sf[23]" > /dev/null && return
    done
    return 1
  }
  if [ $sound = 1 ] && ! soundfont_is_there; then
    install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$soundfont_package")
    if become_root && say "installing $soundfont_package" && "${root[@]}" "${install[@]}" -qq < /dev/null > /dev/null 2>&1; then
      :
    else
      say "there is no SoundFont, so composer's own instruments play. More of them: sudo apt-get install $soundfont_package"
    fi
  fi
elif [ "$(uname -s)" = Linux ] && ! pkg-config --exists alsa libusb-1.0 libudev 2> /dev/null; then
  say "this is no Debian, so nothing was installed. Needed: a C compiler, pkg-config, and the headers of ALSA, libusb-1.0"
  say "and udev (Fedora: gcc pkgconf-pkg-config alsa-lib-devel libusb1-devel systemd-devel; Arch: base-devel alsa-lib libusb)."
  exit 1
fi

# With none, rustup lists "no installed toolchains".
if ! rust_is_there && command -v rustup > /dev/null && ! rustup toolchain list 2> /dev/null | grep -v '^no installed' > /dev/null; then
  say "rustup has no compiler yet: letting it fetch the stable one"
  rustup default stable < /dev/null || say "that failed; type 'rustup default stable' to see why"
fi
if ! rust_is_there; then
  say "a Rust compiler, $wanted_rust or newer, is needed; here is $(cargo --version 2> /dev/null || echo none)."
  say "rustup brings it (https://rustup.rs; Debian 13 has a package 'rustup'):  rustup update stable && rustup default stable"
  exit 1
fi

if [ $fuzz = 1 ]; then
  if ! cargo +nightly --version > /dev/null 2>&1; then
    say "fuzzing needs a nightly compiler. Type: rustup toolchain install nightly --profile minimal"
    exit 1
  fi
  cargo +nightly fuzz --version > /dev/null 2>&1 || { say "installing cargo-fuzz"; cargo install --locked --quiet cargo-fuzz; }
fi
