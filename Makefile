# What can be done with this project: `make` lists it. Every target sets up what it needs first; see tooling/setup.sh.
# Written for GNU make; CARGO, PREFIX, DESTDIR, FUZZ_SECONDS and the like can be given on the command line.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 600
# Seconds without a note after which `make run` ends the take by itself; empty: Ctrl-C ends it.
STOP_AFTER ?=
# Where `make run` puts what you play.
FILE := take-$(shell date +%Y%m%d-%H%M%S).mid

# rustup puts cargo there, and a shell opened before that does not know.
export PATH := $(PATH):$(HOME)/.cargo/bin
target := $(or $(CARGO_TARGET_DIR),target)
composer := $(target)/release/composer

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup setup-sound setup-test setup-rig setup-fuzz setup-screenshots
setup:
	@tooling/setup.sh build
setup-sound: setup
	@tooling/setup.sh build sound
setup-test:
	@tooling/setup.sh build test
setup-rig:
	@tooling/setup.sh build test rig
	@tests/rig/setup.sh
setup-fuzz:
	@tooling/setup.sh build fuzz
setup-screenshots:
	@tooling/setup.sh build test rig audio screenshots
	@tests/rig/setup.sh


# Ctrl-C, which ends the take, goes to everybody on the terminal: this shell has to outlive it.
.PHONY: run
run: build setup-sound ## build, then open the studio; without a display record what you play; without a keyboard the demo
	@trap : INT; \
	if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then code=0; "$(composer)" || code=$$?; [ $$code = 7 ] || exit $$code; fi; \
	if [ "$(origin FILE)" = file ] && "$(composer)" devices --json | grep -q '"keyboards": \[\]'; then exec "$(composer)" demo; fi; \
	"$(composer)" record "$(FILE)" --or-virtual $(if $(STOP_AFTER),--stop-after $(STOP_AFTER)); \
	if [ -f "$(FILE)" ]; then "$(composer)" info "$(FILE)"; fi

.PHONY: build
build: setup ## build the program, its manual pages and its completions
	@$(CARGO) build --release --locked
	@tooling/install.sh prepare "$(composer)" "$(target)/dist"

# No dependency on `build`: under sudo there is often no cargo, and root's files do not belong in target.
.PHONY: install
install: ## install what `make build` made, and the udev rule; PREFIX (/usr/local), DESTDIR
	@[ -d "$(target)/dist" ] || { [ "$$(id -u)" = 0 ] && ! command -v $(CARGO) > /dev/null && { echo "Nothing to install yet: type 'make build' first, as yourself." >&2; exit 1; } || $(MAKE) --no-print-directory build; }
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" tooling/install.sh install "$(composer)" "$(target)/dist"

.PHONY: uninstall
uninstall: ## remove what `make install` put there
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" tooling/install.sh uninstall

.PHONY: deb
deb: build ## a Debian package, composer-midi, below target/debian
	@$(CARGO) deb --version > /dev/null 2>&1 || $(CARGO) install --locked --quiet cargo-deb
	@$(CARGO) deb --locked --no-build --no-strip

.PHONY: deb-check
deb-check: deb ## install that package on this computer, look whether it works, and remove it again (root)
	@tooling/deb-check.sh "$$(ls -t "$(target)"/debian/composer-midi_*.deb | head -n 1)"


# cargo-nextest, where it is installed, ends a test that hangs and names it; without it the whole run has a limit.
nextest := $(shell $(CARGO) nextest --version > /dev/null 2>&1 && echo yes)
tests := COMPOSER_REQUIRE_UMOCKDEV=1 COMPOSER_REQUIRE_READERS=1 COMPOSER_REQUIRE_DISPLAY=1 $(if $(nextest),$(CARGO) nextest run --locked,timeout --foreground 40m $(CARGO) test --locked)

.PHONY: test
test: setup-test ## everything that CI runs except the rig: format, lints, tests, documentation
	@$(MAKE) --no-print-directory lint
	@tooling/test-setup.sh
	$(tests)
	$(tests) --no-default-features
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --no-deps --document-private-items

.PHONY: fresh-check
fresh-check: ## `make run` and `make test` in a Debian that has nothing yet, made for it (root, network, 12 GB)
	@tooling/fresh-check.sh

# The fuzz targets are only checked, which any compiler can, and libFuzzer itself need not be built for it.
.PHONY: lint
lint: setup-test ## format, clippy with and without features, fuzz targets, shellcheck
	$(CARGO) fmt --check
	$(CARGO) lint
	$(CARGO) lint-minimal
	$(CARGO) lint-lambda
	CUSTOM_LIBFUZZER_PATH=/not/linked/libfuzzer.a $(CARGO) check --quiet --locked --manifest-path fuzz/Cargo.toml --target-dir "$(target)/fuzz"
	shellcheck tooling/*.sh tooling/*/*.sh tooling/debian/* deploy/*.sh tests/rig/*.sh tests/rig/*/*.sh tests/rig/stage2 .ci/run

.PHONY: rig-test
rig-test: setup-rig ## the program with an emulated keyboard under a real kernel; CASES="record unplug" for some
	$(CARGO) build --release --locked
	@tests/rig/test.sh $(CASES)


.PHONY: bench
bench: bench-start bench-smf bench-roll bench-long-take bench-load bench-sound-start bench-ten-million ## all benchmarks except the rigs'

.PHONY: bench-start
bench-start: setup ## how soon `composer --help` and `composer devices` answer
	$(CARGO) bench --locked --bench start

.PHONY: bench-smf
bench-smf: setup ## reading a file of a million notes, beside midly
	$(CARGO) bench --locked --bench smf

.PHONY: bench-roll
bench-roll: setup ## a million notes in the editor: opened, looked at, changed
	$(CARGO) bench --locked --bench roll

.PHONY: bench-window
bench-window: setup-audio ## the window on a display of its own: start, idle, frames among a million notes and 5,000 files
	@tooling/setup.sh build test audio
	@$(CARGO) build --release --locked
	@$(CARGO) build --release --locked --manifest-path tests/window-rig/Cargo.toml --target-dir "$(target)/windowrig"
	@BIN="$(abspath $(target))/windowrig/release" tests/window-rig/bench.sh "$(composer)"

.PHONY: bench-compose
bench-compose: setup ## composing 4, 16 and 64 bars with the usual eight drafts
	$(CARGO) bench --locked --bench compose

.PHONY: bench-long-take
bench-long-take: setup ## memory and processor of an hour's recording, in a minute and a half
	$(CARGO) bench --locked --bench long_take

.PHONY: bench-jobs
bench-jobs: setup ## what a job costs beside composing; two workers; among 10,000 that have ended
	$(CARGO) bench --locked --no-default-features --features s3 --bench jobs

.PHONY: clouds
clouds: ## servers for S3 that others have written, and the AWS CLI, below target/clouds: for the store's tests, bench-s3
	@python3 -m venv "$(target)/clouds" && "$(target)/clouds/bin/pip" install --quiet 'moto[server]' ministack awscli

.PHONY: bench-s3
bench-s3: setup ## 200 small files to a bucket beside `aws s3 cp`, connections, an answer without credentials
	$(CARGO) bench --locked --bench s3

.PHONY: soak-jobs
soak-jobs: setup ## 1,000 jobs on a folder and 1,000 on a server, with faults between, while workers are killed
	COMPOSER_CHAOS_JOBS=1000 $(CARGO) test --release --locked --no-default-features --features s3 --test jobs --test jobs_cli --test jobs_chaos -- \
	  --nocapture every_job_has_one_result killed_workers_lose_nothing every_job_ends_once

.PHONY: bench-timing
bench-timing: setup-rig ## recorded against scripted note times, beside arecordmidi, in the rig
	$(CARGO) build --release --locked
	@tests/rig/timing/bench.sh

# Where a target begins, besides what it has found before.
seeds_smf := tests/data/midi
seeds_soundfont := tests/data/soundfonts

fuzz_targets := $(patsubst fuzz/fuzz_targets/%.rs,fuzz-%,$(wildcard fuzz/fuzz_targets/*.rs))
.PHONY: fuzz $(fuzz_targets)
fuzz: $(fuzz_targets) ## every fuzz target for FUZZ_SECONDS (600); `make fuzz-smf` for one
$(fuzz_targets): fuzz-%: setup-fuzz
	@mkdir -p "fuzz/corpus/$*"
	$(CARGO) +nightly fuzz run "$*" "fuzz/corpus/$*" $(seeds_$*) -- -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1

.PHONY: screenshots
screenshots: setup-screenshots ## make the pictures anew: the README's from the program in the rig, and the window's
	$(CARGO) build --release --locked
	@tooling/screenshots.sh
	@$(CARGO) build --release --locked --manifest-path tests/window-rig/Cargo.toml --target-dir "$(target)/windowrig"
	@BIN="$(abspath $(target))/windowrig/release" tests/window-rig/bench.sh "$(composer)" pictures assets/demo/scarborough-fair-strings.mid assets/screenshots
	COMPOSER_NEW_PICTURES=1 $(CARGO) test --locked --test gui

include tests/audio-rig/audio.mk
include training/train.mk
include deploy/deploy.mk
