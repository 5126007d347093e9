#!/bin/bash
# A disk that fills up, and one that may not be written: what was played is kept, and the message says where.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

small=$scratch/small
mkdir "$small"
fresh_disk() { umount "$small" 2> /dev/null; mount -t tmpfs -o size=64k small "$small"; rm -rf "$HOME"; mkdir "$HOME"; }
fill() { dd if=/dev/zero of="$small/full" bs=4k 2> /dev/null; }
three_notes() { play <<< "tap 60 100 20
tap 62 100 20
tap 64 100 20
wait_drain"; }
# The notes of the one take that is anywhere, and whether the message names its file.
kept() {
  local file
  file=$(find "$HOME" "$small" "$scratch/state" -name '*.mid' 2> /dev/null | head -n 1)
  [ -n "$file" ] || fail "there is no take anywhere"
  want_equal "the take is kept" "60 62 64" "$(midi "$file" | keys)"
  # A path may be shown with ~ for the home folder.
  want "and the message says where" has "$scratch/record.log" "${file##*/}"
}

echo "-- the disk of the file is full when the take ends"
fresh_disk
record "$small/take.mid"
fill
want "notes" three_notes
want_status 6 "the recording ends with the code for that" stop
kept

echo "-- the disk of the journal fills up during the take"
fresh_disk
export XDG_STATE_HOME=$small
record "$scratch/home/take.mid"
want "a note" sim tap 60 100 20
sleep 0.7
fill
want "two more" play <<< "tap 62 100 20
tap 64 100 20
wait_drain"
sleep 0.7
want_status 0 "the recording ends well" stop
kept
unset XDG_STATE_HOME

echo "-- a folder that may not be written"
fresh_disk
mount -o remount,ro "$small"
record "$small/take.mid"
want "said before anybody plays, with the file's name" has "$scratch/record.log" "$small/take.mid cannot be written"
want "notes" three_notes
want_status 6 "the recording ends with the code for that" stop
kept

echo "-- nothing at all can be written: neither the file's disk nor the journal's nor the library's"
fresh_disk
cd /
export HOME=$small XDG_STATE_HOME=$small TMPDIR=$small
record "$small/take.mid" --library "$small"
want "a note" sim tap 60 100 20
sleep 0.7
fill
want "two more" play <<< "tap 62 100 20
tap 64 100 20
wait_drain"
sleep 0.7
rm "$small/full"
stop
want_equal "there is room again before the end: the take is whole" "60 62 64" "$(midi "$(only_file "$small")" | keys)"
exit 0
