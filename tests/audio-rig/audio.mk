# Targets for sound; included by the Makefile.

.PHONY: setup-audio
setup-audio:
	@tooling/setup.sh build audio

.PHONY: bench-latency
bench-latency: setup-audio ## key to sound, beside FluidSynth, at periods of 64, 128 and 256
	@$(CARGO) build --release --locked --features jack
	@$(CARGO) build --release --manifest-path tests/audio-rig/latrig/Cargo.toml --target-dir "$(target)/latrig"
	@BIN="$(abspath $(target))/latrig/release" JACK_RT=1 tests/audio-rig/bench-latency.sh "$(composer)"

.PHONY: bench-render
bench-render: setup-audio ## render speed, beside FluidSynth, on one core and on two
	@$(CARGO) build --release --locked
	@tests/audio-rig/bench-render.sh "$(composer)"

.PHONY: audio-rig-test
audio-rig-test: setup-audio ## lose the audio output while something plays, and find it again; follow a changed one
	@$(CARGO) build --release --locked --features jack
	@tests/audio-rig/lost-output.sh "$(composer)"
	@! command -v dbus-run-session > /dev/null || dbus-run-session -- tests/audio-rig/moved-output.sh "$(composer)" || [ $$? = 77 ]

.PHONY: bench-likeness
bench-likeness: setup-likeness ## onset, pitch, level and envelope of each note beside FluidSynth's (FONT=...)
	@$(CARGO) build --release --locked --example synth_render
	@mkdir -p "$(target)/likeness"
	@/usr/bin/python3 tests/likeness/likeness.py "$(target)/release/examples/synth_render" \
	  "$(or $(FONT),/usr/share/sounds/sf2/TimGM6mb.sf2)" "$(target)/likeness"
.PHONY: setup-likeness
setup-likeness:
	@tooling/setup.sh build audio likeness

.PHONY: bench-live
bench-live: setup-rig ## key to sound through midir and cpal on a real port, in the kernel rig
	$(CARGO) build --release --locked
	@tests/rig/live/bench.sh

.PHONY: bench-load
bench-load: setup ## 256 voices with reverb and chorus in a period of 128 frames
	@$(CARGO) bench --locked --bench synth_load

.PHONY: bench-sound-start
bench-sound-start: setup ## from the start of the process to the first sound, and the memory
	@$(CARGO) bench --locked --bench sound_start

.PHONY: bench-ten-million
bench-ten-million: setup ## a MIDI file of ten million events, shown, rendered and played
	@$(CARGO) bench --locked --bench ten_million
