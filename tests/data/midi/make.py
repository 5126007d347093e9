"""Makes the hand-made odd files in this folder. Run it here: python3 make.py

Each file's oddity is told in README.md, and what the reader must make of it in tests/smf_odd.rs.
"""

from struct import pack


def number(n):
    out = [n & 0x7F]
    while n := n >> 7:
        out.insert(0, n & 0x7F | 0x80)
    return bytes(out)


def head(tracks=1, form=0, division=480, length=6):
    return b"MThd" + pack(">IHHH", length, form, tracks, division)


def chunk(data, name=b"MTrk", length=None):
    return name + pack(">I", len(data) if length is None else length) + data


def ev(delta, *data):
    return number(delta) + bytes(data)


def meta(delta, kind, data):
    return number(delta) + bytes([0xFF, kind]) + number(len(data)) + data


def note(key, delta=0, length=480, velocity=100):
    return ev(delta, 0x90, key, velocity) + ev(length, 0x80, key, 64)


END = meta(0, 0x2F, b"")
TWO = note(60) + note(64)


def write(name, *parts):
    with open(name + ".mid", "wb") as f:
        f.write(b"".join(parts))


running = ev(0, 0x90, 60, 100) + ev(480, 60, 0) + ev(0, 64, 100) + ev(480, 64, 0)
riff = head() + chunk(TWO + END)
riff = b"RMID" + b"DISP" + pack("<I", 5) + b"\1\0\0\0x\0" + b"data" + pack("<I", len(riff)) + riff

write("format-0", head(), chunk(meta(0, 0x03, b"One track") + TWO + END))
write("format-2", head(2, 2),
      chunk(meta(0, 0x51, b"\x07\xa1\x20") + TWO + END),
      chunk(meta(0, 0x51, b"\x0f\x42\x40") + note(72) + END))
write("smpte-25-40", head(division=0xE728), chunk(note(60, 0, 1000) + note(62, 0, 500) + END))
write("smpte-29-80", head(division=0xE350), chunk(note(60, 0, 2400) + END))
write("running-status", head(), chunk(running + END))
write("running-across-meta", head(), chunk(
    ev(0, 0x90, 60, 100) + meta(0, 0x06, b"here") + ev(480, 60, 0) + ev(0, 64, 100) + ev(480, 64, 0) + END))
write("rmid", b"RIFF" + pack("<I", len(riff)) + riff)
write("rmid-wrong-lengths", b"RIFF\xff\xff\xff\xffRMIDLIST\xf0\xff\xff\xff" + head() + chunk(TWO + END))
write("macbinary", b"\0\5piece".ljust(65, b"\0") + b"Midi????".ljust(63, b"\0") + head() + chunk(TWO + END))
write("no-header", chunk(TWO + END))
write("long-header", head(length=10) + b"more", chunk(TWO + END))
write("short-header", b"MThd" + pack(">IHH", 4, 0, 1), chunk(TWO + END))
write("format-7", head(2, 7), chunk(TWO + END), chunk(note(72) + END))
write("format-0-two-tracks", head(2, 0), chunk(TWO + END), chunk(note(72) + END))
write("division-0", head(division=0), chunk(TWO + END))
write("too-few-tracks", head(5, 1), chunk(TWO + END))
write("too-many-tracks", head(1, 1), chunk(TWO + END), chunk(note(72) + END))
write("length-too-short", head(2, 1), chunk(TWO + END, length=7), chunk(note(72) + END))
write("length-too-long", head(2, 1), chunk(TWO + END, length=25), chunk(note(72) + END))
write("length-to-the-end", head(2, 1), chunk(TWO + END, length=0xFFFFFFFF), chunk(note(72) + END))
write("length-0", head(2, 1), chunk(TWO + END, length=0), chunk(note(72) + END))
write("garbage-between-chunks", head(2, 1), chunk(TWO + END), b"\0\1\2garbage\xff", chunk(note(72) + END))
write("unknown-chunk", head(2, 1), chunk(b"\1\2\3", b"XFIH"), chunk(TWO + END), chunk(note(72) + END))
write("no-end-of-track", head(2, 1), chunk(TWO), chunk(note(72)))
write("after-end-of-track", head(), chunk(note(60) + END + note(64) + END))
write("end-in-delta", head(), chunk(TWO + meta(960, 0x2F, b"")))
write("truncated-in-note", (head() + chunk(TWO + END))[:-9])
write("truncated-in-text", (head() + chunk(TWO + meta(0, 0x01, b"x" * 100) + END))[:-60])
write("bad-status", head(2, 1),
      chunk(note(60) + ev(0, 0x90, 0xFF, 0xFE) + b"\xfd" + note(64) + note(65) + END), chunk(note(72) + END))
write("data-first", head(2, 1), chunk(b"\0\x40\x40" + TWO + END), chunk(note(72) + END))
write("endless-number", head(2, 1),
      chunk(note(60) + b"\xff\xff\xff\xff\xff\x7f" + note(64) + note(65) + END), chunk(note(72) + END))
write("meta-longer-than-track", head(2, 1), chunk(note(60) + b"\0\xff\x01\x83\x60text" + END), chunk(note(72) + END))
write("real-time-bytes", head(), chunk(note(60) + ev(0, 0xF8) + ev(0, 0xFE) + note(64) + END))
write("doubled-note", head(), chunk(
    ev(0, 0x90, 60, 100) + ev(240, 0x90, 60, 90) + ev(240, 0x80, 60, 64) + note(64) + END))
write("overlapping-notes", head(), chunk(
    ev(0, 0x90, 60, 100) + ev(240, 0x90, 60, 90) + ev(240, 0x80, 60, 64) + ev(240, 0x80, 60, 64) + END))
write("hanging-note", head(), chunk(ev(0, 0x90, 60, 100) + note(64) + END))
write("stray-note-off", head(), chunk(ev(0, 0x80, 61, 64) + TWO + END))
write("velocity-0", head(), chunk(ev(0, 0x90, 60, 100) + ev(480, 0x90, 60, 0) + END))
write("tempo-0", head(), chunk(meta(0, 0x51, b"\0\0\0") + TWO + END))
write("tempo-short", head(), chunk(meta(0, 0x51, b"\7") + TWO + END))
write("key-signature-empty", head(), chunk(meta(0, 0x59, b"") + TWO + END))
write("time-signature-odd", head(), chunk(meta(0, 0x58, b"\0\x63\x18\x08") + TWO + END))
write("huge-deltas", head(), chunk(b"".join(ev(0x0FFFFFFF, 0xB0, 1, i) for i in range(40)) + TWO + END))
write("split-sysex", head(), chunk(
    ev(0, 0xF0, 3, 0x43, 0x12, 0) + ev(10, 0xF7, 2, 1, 0xF7) + ev(0, 0xF7, 1, 0xF3) + TWO + END))
write("escape-in-names", head(), chunk(
    meta(0, 0x03, b"\x1b[2J\x1b]0;gone\x07F\xfcr Elise") + meta(0, 0x06, "m\u202er\u00e9".encode()) + TWO + END))
write("two-files-in-one", head(), chunk(TWO + END), head(), chunk(note(72) + END))
write("header-only", head(3, 1))
