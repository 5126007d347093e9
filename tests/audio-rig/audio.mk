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
audio-rig-test: setup-audio ## lose the audio output while something plays, and find it again
	@$(CARGO) build --release --locked --features jack
	@tests/audio-rig/lost-output.sh "$(composer)"
