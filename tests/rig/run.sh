#!/bin/bash
# run.sh - run one command in a virtual machine that has an (emulated) AKM322 on its USB bus.
#
#   run.sh [options] [--] COMMAND [ARG...]
#     -s FILE    play this scenario while COMMAND runs (its commands: head of sim/akm322_sim.rs)
#     -n         start with the keyboard unplugged
#     -d K=V     a property of the keyboard, repeatable (vid=0x1acc pid=0x1533 product=AKM322 serial=.. speed=2 ..)
#     -e K=V     an environment variable for COMMAND, repeatable
#     -o DIR     keep the results there: console.log dmesg.txt sim.log scenario.log times.txt (otherwise a
#                temporary folder); COMMAND sees DIR as /rig and may write there
#     -t SEC     the time COMMAND may take in the guest (120)
#     -m MB      memory of the guest (256)
#     -a ACCEL   accelerator of qemu (tcg; RIG_ACCEL=kvm where that works)
#     -i         virtual time (qemu -icount): the guest's clock counts its own instructions, so that timing does
#                not depend on how busy the host is (tcg only)
#     -c SHIFT   with -i: an instruction takes 2^SHIFT ns (2; 0 is the quickest, for a case that draws)
#     -v         show the guest kernel's messages
#     RIG_WORK (setup.sh's folder), RIG_SMP, RIG_SHIFT, RIG_QEMU, RIG_APPEND: for the rest see below.
#
# COMMAND is any program of the host: the guest's root is the host's own root, read-only over 9p, under a
# tmpfs that is thrown away, and it starts in the caller's working directory. Nothing that COMMAND writes
# reaches the host, except under /rig. In the guest `akm322-sim send note_on 60 100` and so on drive the keyboard.
# Exit status: COMMAND's; 124 when its time ran out; 125 when the rig itself failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${RIG_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/composer-rig}

scenario='' plugged=1 device='' out='' limit=120 memory=256 accel=${RIG_ACCEL:-tcg} verbose=0 virtual_time=0 shift_by=${RIG_SHIFT:-2} environment=()
while getopts "+s:nd:e:o:t:m:a:ic:v" option; do
  case $option in
    s) scenario=$OPTARG ;;
    n) plugged=0 ;;
    d) device="$device $OPTARG" ;;
    e) environment+=("$OPTARG") ;;
    o) out=$OPTARG ;;
    t) limit=$OPTARG ;;
    m) memory=$OPTARG ;;
    a) accel=$OPTARG ;;
    i) virtual_time=1 ;;
    c) shift_by=$OPTARG ;;
    v) verbose=1 ;;
    *) exit 125 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '2,/^set /p' "$0" | sed '$d'; exit 125; }
[ -f "$work/initrd.cpio" ] || { echo "run.sh: nothing in $work: run setup.sh first" >&2; exit 125; }

keep=1
[ -n "$out" ] || { out=$(mktemp -d); keep=0; }
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -f "$out"/{rc,console.log,dmesg.txt,sim.log,scenario.log,times.txt,.scenario}
cp "$here/stage2" "$out/.stage2"
cp "$work/akm322-sim" "$out/.sim"
[ -z "$scenario" ] || cp "$scenario" "$out/.scenario"
printf 'RIG_DEVICE=%q\nRIG_PLUG=%q\nRIG_TIMEOUT=%q\nRIG_SPIN=%q\n' "$device" "$plugged" "$limit" "$virtual_time" > "$out/.env"
{
  echo "export HOME=/root TERM=dumb XDG_RUNTIME_DIR=/run"
  for e in ${environment[@]+"${environment[@]}"}; do printf 'export %q\n' "$e"; done
  printf 'cd %q || exit 125\nexec' "$PWD"
  printf ' %q' "$@"
  echo
} > "$out/.cmd"

case $accel in
  tcg) machine="tcg,thread=multi" cpu=qemu64,+rdrand ;;
  kvm) machine=kvm cpu=host ;;
  *) machine=$accel cpu=qemu64,+rdrand ;;
esac
clock=()
if [ $virtual_time = 1 ]; then
  machine="tcg,thread=single"
  clock=(-icount "shift=$shift_by,sleep=off")
fi
messages="quiet loglevel=1"
[ $verbose = 0 ] || messages="loglevel=7"
share() { printf -- '-fsdev\nlocal,id=%s,path=%s,security_model=none,multidevs=remap%s\n-device\nvirtio-9p-pci,fsdev=%s,mount_tag=%s\n' "$1" "$2" "$3" "$1" "$1"; }
mapfile -t shares < <(share host / ,readonly=on; share layer "$work/layer" ,readonly=on; share out "$out" "")
read -ra more <<< "${RIG_QEMU:-}"

# The host's limit leaves room for the boot; it only matters when the guest itself hangs.
set +e
timeout $((limit * (1 + 2 * virtual_time) + 120)) qemu-system-x86_64 -M pc,hpet=on -accel "$machine" "${clock[@]}" -cpu "$cpu" \
  -smp "${RIG_SMP:-1}" -m "$memory" -nodefaults -no-user-config -display none -no-reboot -serial stdio \
  -kernel "$work/vmlinux" -initrd "$work/initrd.cpio" \
  -append "console=ttyS0 $messages panic=-1 mitigations=off nokaslr random.trust_cpu=on audit=0 apparmor=0 cryptomgr.notests 8250.nr_uarts=1 ${RIG_APPEND:-}" \
  "${shares[@]}" ${more[@]+"${more[@]}"} \
  2> "$out/qemu.err" < /dev/null | tr -d '\r' | sed -u '/reboot: Restarting system/d' | tee "$out/console.log"
set -e

if [ ! -f "$out/rc" ]; then
  echo "run.sh: the guest gave no result (see $out)" >&2
  cat "$out/qemu.err" >&2
  exit 125
fi
status=$(cat "$out/rc")
[ $keep = 1 ] || rm -rf "$out"
exit "$status"
