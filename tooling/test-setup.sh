#!/bin/bash
# test-setup.sh - setup.sh on a machine of its own making: what it installs and says, with stand-ins for Debian's tools.
#
# The machine is a folder of programs: the stand-ins and nothing but what setup.sh may take for granted. State lies in
# files: installed (packages), archive (what apt knows once there are lists), lists (there or not), log (what was done).
set -euo pipefail
setup=$(cd "$(dirname "$0")" && pwd)/setup.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export MACHINE=$scratch/machine

stand_in() { cat > "$MACHINE/bin/$1"; chmod +x "$MACHINE/bin/$1"; }

# machine USER PACKAGES...: one with these packages, all that apt has, package lists, and a Rust compiler.
machine() {
  rm -rf "$MACHINE"
  mkdir -p "$MACHINE/bin"
  local tool
  for tool in bash env cat chmod cp cut dirname grep head sed sort touch uname; do ln -s "$(command -v $tool)" "$MACHINE/bin/"; done
  echo "$1" > "$MACHINE/user"
  shift
  printf '%s\n' "$@" > "$MACHINE/installed"
  touch "$MACHINE/lists" "$MACHINE/log"
  printf '%s\n' gcc libc6-dev make pkg-config libasound2-dev libusb-1.0-0-dev libudev-dev ca-certificates rustup timgm6mb-soundfont > "$MACHINE/archive"
  printf '#!/bin/bash\ncat "$MACHINE/user"\n' | stand_in id
  printf '#!/bin/bash\nexit 1\n' | stand_in sudo
  printf '#!/bin/bash\necho cargo 1.99.0\n' | stand_in cargo
  cp "$MACHINE/bin/cargo" "$MACHINE/cargo"
  # Debian's rustup is without a compiler at first.
  cat > "$MACHINE/archive.rustup" << 'END'
#!/bin/bash
case $1 in
  toolchain) echo "no installed toolchains" ;;
  default) cp "$MACHINE/cargo" "$MACHINE/bin/cargo" ;;
esac
END
  chmod +x "$MACHINE/archive.rustup"
  stand_in dpkg-query << 'END'
#!/bin/bash
status=0
for package in "${@:4}"; do
  if grep -qxF -- "$package" "$MACHINE/installed"; then echo "$package installed"; else status=1; fi
done
exit $status
END
  stand_in apt-cache << 'END'
#!/bin/bash
[ ! -f "$MACHINE/lists" ] || grep -x "${@: -1}" "$MACHINE/archive"
END
  stand_in apt-get << 'END'
#!/bin/bash
case $1 in
  indextargets) [ ! -f "$MACHINE/lists" ] || echo Packages ;;
  update) echo update >> "$MACHINE/log"; touch "$MACHINE/lists" ;;
  install)
    [ -f "$MACHINE/lists" ] || exit 100
    for package in "${@:2}"; do
      [[ $package != -* && $package != *=* ]] || continue
      grep -qxF -- "$package" "$MACHINE/archive" || exit 100
      echo "install $package" >> "$MACHINE/log"
      echo "$package" >> "$MACHINE/installed"
      [ ! -f "$MACHINE/archive.$package" ] || cp "$MACHINE/archive.$package" "$MACHINE/bin/$package"
    done
    ;;
esac
END
}

# want WORDS STATUS LOG [TEXT]: `setup.sh $parts` ends with this status, did this, and says this.
parts=(build)
want() {
  local got=0 did
  PATH=$MACHINE/bin bash "$setup" "${parts[@]}" > "$scratch/said" 2>&1 || got=$?
  did=$(paste -sd ',' "$MACHINE/log")
  if [ "$got" != "$2" ] || [ "$did" != "$3" ] || { [ -n "${4:-}" ] && ! grep -qF -- "$4" "$scratch/said"; }; then
    echo "FAIL $1: status $got instead of $2; did '$did' instead of '$3'; said:" >&2
    cat "$scratch/said" >&2
    exit 1
  fi
  if [ "$2$3${4:-}" = 0 ] && [ -s "$scratch/said" ]; then
    echo "FAIL $1: it says $(cat "$scratch/said")" >&2
    exit 1
  fi
  echo "ok   setup: $1"
}

all=(gcc libc6-dev make pkg-config libasound2-dev libusb-1.0-0-dev libudev-dev ca-certificates)
machine 0 "${all[@]}"
want "with everything there it does nothing and says nothing" 0 ""

machine 0 "${all[@]:0:6}" ca-certificates
want "one absent package is installed" 0 "install libudev-dev" "installing libudev-dev"

machine 1000 "${all[@]:0:6}" ca-certificates
want "whoever may not install is told what to type" 1 "" "sudo apt-get update && sudo apt-get install --no-install-recommends libudev-dev"

machine 0 "${all[@]}"
rm "$MACHINE/bin/cargo"
want "without a compiler rustup is installed and fetches one" 0 "install rustup" "fetch the stable one"

machine 0 "${all[@]:0:6}" ca-certificates
rm "$MACHINE/bin/cargo" "$MACHINE/lists"
want "without package lists those come first, and then rustup is known" 0 "update,install libudev-dev,install rustup"

machine 0 "${all[@]:0:6}" ca-certificates
rm "$MACHINE/lists"
want "a failed installation is tried again with new lists" 0 "update,install libudev-dev"

machine 0 "${all[@]}"
sed -i '/rustup/d' "$MACHINE/archive"
rm "$MACHINE/bin/cargo"
want "where there is no rustup to install, that is said" 1 "" "a Rust compiler"

machine 0 "${all[@]:0:6}" ca-certificates
sed -i '/libudev-dev/d' "$MACHINE/archive"
want "what cannot be installed is said" 1 "update" "could not install them"

parts=(build sound)
export SOUNDFONTS=$scratch/soundfonts
mkdir "$SOUNDFONTS"
machine 0 "${all[@]}"
want "a SoundFont is installed where there is none" 0 "install timgm6mb-soundfont" "installing timgm6mb-soundfont"

machine 1000 "${all[@]}"
want "who may not install is told, and goes on" 0 "" "sudo apt-get install timgm6mb-soundfont"

touch "$SOUNDFONTS/any.sf3"
machine 0 "${all[@]}"
want "any SoundFont that is there will do" 0 ""
