# Training data, training and measuring of the model that composes. Included by the Makefile.
# Everything lands in $(TRAINING), outside the tree's tracked files.

TRAINING ?= $(target)/training
PYTHON ?= python3
# How long `make train-model` may take.
MINUTES ?= 75
# A file with a `valid` split to measure on while training; without one nothing is measured.
VALID ?=
# The benchmark's file, for `make train-benchmark`; its training split is learned from, by that target only.
JSB ?=
# What `make eval` measures, and which split of it.
DATA ?= $(VALID)
SPLIT ?= valid
# PyTorch takes and gives back large blocks all the time; kept, they cost no page faults (nine times faster).
training-python := MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_ARENA_MAX=1 \
	OMP_WAIT_POLICY=passive $(TRAINING)/venv/bin/python

$(TRAINING)/venv/ready: training/requirements.txt
	@mkdir -p "$(TRAINING)"
	@$(PYTHON) -m venv "$(TRAINING)/venv"
	@"$(TRAINING)/venv/bin/pip" install --quiet --requirement training/requirements.txt
	@touch "$@"

.PHONY: train-data
train-data: $(TRAINING)/venv/ready ## fetch the lawful sources and write the training set with its manifest
	@$(training-python) training/prepare.py --out "$(TRAINING)/data"
	@$(training-python) training/prepare_folk.py --out "$(TRAINING)/data"

# The sizes of the chorale model.
sizes := '{"d":192,"layers":6,"heads":6,"inner":576}'

.PHONY: train-model
train-model: train-data ## train the chorale model for MINUTES (75); VALID=FILE to measure on the way; resumes
	@$(training-python) training/train.py --data "$(TRAINING)/data/chorales.json" --run "$(TRAINING)/chorale" \
		$(if $(VALID),--valid "$(VALID)") --minutes $(MINUTES) --batch 24 --causal 0.5 --model $(sizes)

.PHONY: train-folk
train-folk: train-data ## train the model of folk tunes and put it into assets/models
	@$(training-python) training/train.py --data "$(TRAINING)/data/folk.json" --valid "$(TRAINING)/data/folk.json" \
		--run "$(TRAINING)/folk" --steps 2000 --batch 16 --model '{"d":128,"layers":4,"heads":4,"inner":384,"e":32}'
	@$(training-python) training/export.py "$(TRAINING)/folk/final.pt" assets/models/folk.safetensors

.PHONY: export-model
export-model: $(TRAINING)/venv/ready ## put what was trained into assets/models, with reference logits for the tests
	@$(training-python) training/export.py "$(TRAINING)/chorale/final.pt" assets/models/chorale.safetensors \
		--data "$(TRAINING)/data/chorales.json" --reference tests/data/compose-parity.json

.PHONY: eval
eval: build ## measure the shipped model on DATA=FILE, SPLIT=valid: the figures of the model card
	@[ -n "$(DATA)" ] || { echo "Which pieces? make eval DATA=FILE" >&2; exit 1; }
	@"$(composer)" evaluate --data "$(DATA)" --split $(SPLIT) --orders 5 --resolution sixteenth --harmonise 8
	@"$(composer)" evaluate --data "$(DATA)" --split $(SPLIT) --orders 0
	@"$(composer)" evaluate --data "$(DATA)" --split train --pieces 100 --orders 0 --resolution sixteenth --harmonise 8

.PHONY: train-benchmark
train-benchmark: build $(TRAINING)/venv/ready ## train and measure on the benchmark's own split alone: JSB=FILE, MINUTES; resumes
	@[ -n "$(JSB)" ] || { echo "Which pieces? make train-benchmark JSB=FILE" >&2; exit 1; }
	@$(training-python) training/train.py --data "$(JSB)" --valid "$(JSB)" --run "$(TRAINING)/benchmark" \
		--minutes $(MINUTES) --batch 24 --causal 0.4 --model $(sizes)
	@$(training-python) training/export.py "$(TRAINING)/benchmark/final.pt" "$(TRAINING)/benchmark.safetensors"
	@"$(composer)" evaluate --data "$(JSB)" --split $(SPLIT) --model "$(TRAINING)/benchmark.safetensors" --orders 5 --harmonise 8

.PHONY: train-coconet
train-coconet: $(TRAINING)/venv/ready ## a small Coconet beside it: JSB=FILE, MINUTES of processor time; resumes
	@[ -n "$(JSB)" ] || { echo "Which pieces? make train-coconet JSB=FILE" >&2; exit 1; }
	@$(training-python) training/coconet.py --data "$(JSB)" --run "$(TRAINING)/coconet" --cpu-minutes $(MINUTES)

.PHONY: bench-model
bench-model: build $(TRAINING)/venv/ready ## the model's speed beside PyTorch with the same weights, and `composer compose`, in one run
	@$(training-python) training/speed.py assets/models/chorale.safetensors "$(composer)"
