# One screen: what people do with this project. `make` alone prints the help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?=
RUN := .venv/bin
# Where real recordings and published cases are kept; they are not ours to distribute.
EVIDENCE ?= evidence
COLLECTIONS := mimic3-demo physionet2012 eicu-demo-nibp exam-stress
# How often the crash matrix kills, and by which chance.
KILLS ?= 20
SEED ?= 1
# How long decoders, requests and readers of files are fed with nearly right bytes.
MINUTES ?= 10
# Many tests wait for a broker or a browser, so one worker more than there are cores.
WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))
# A recording or a journal to replay.
SESSION ?= tests/replay/recordings/anaphylaxis.jsonl.gz

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: broker testbed ## Install into .venv, with everything that tests and checks need
	@PYTHON="$(PYTHON)" scripts/setup.sh dev

.PHONY: setup-run
setup-run: broker ## Install into .venv only what a run needs
	@PYTHON="$(PYTHON)" scripts/setup.sh run

.PHONY: broker
broker: ## Get mosquitto and its clients (as root a package, otherwise unpacked here)
	@scripts/broker.sh

.PHONY: testbed
testbed: ## Get what only tests use: Chromium, axe-core, InfluxDB (as root; else they are skipped)
	@scripts/testbed.sh

.PHONY: demo
demo: setup-run ## Watch a simulated ward react: broker, chairs, monitor, terminal; SCENARIO=list names others
	@$(RUN)/infusion-monitor demo $(if $(SCENARIO),--scenario $(SCENARIO))

# Which simulated wards to run: one seed, or FIRST-LAST.
SEEDS ?= 1-5

.PHONY: simulate
simulate: setup-run ## Run whole wards with everything that breaks: make simulate SEEDS=1-100
	@$(RUN)/python -m scripts.whole_ward --seeds "$(SEEDS)"

# The big cohort of docs/scoring.md: where, and how many sessions.
COHORT ?= var/cohort
SESSIONS ?= 10000

.PHONY: cohort
cohort: setup-run ## Simulate a cohort and score it beside simple rules: make cohort SESSIONS=10000
	@$(RUN)/infusion-monitor simulate --to "$(COHORT)" --sessions $(SESSIONS) --seed 1
	@rm -f "$(COHORT)/progress"
	@$(RUN)/infusion-monitor score cohort "$(COHORT)" --engine processes --resume "$(COHORT)/progress"

.PHONY: cohort-tables
cohort-tables: setup-run ## Write what make cohort scored into README and docs/scoring.md
	@$(RUN)/infusion-monitor score cohort "$(COHORT)" --resume "$(COHORT)/progress" --json > "$(COHORT)/score.json"
	@$(RUN)/python -m scripts.cohort_tables "$(COHORT)/score.json"

.PHONY: simulator-report
simulator-report: setup-run ## Hold the simulator against published numbers: EVIDENCE=folder
	@$(RUN)/python -m scripts.simulator_report --evidence "$(EVIDENCE)" --to docs/simulator-report.md

.PHONY: fault-matrix
fault-matrix: setup-run ## Break every scenario in every way and write docs/fault-matrix.md
	@$(RUN)/python -m scripts.fault_page --to docs/fault-matrix.md

.PHONY: replay
replay: setup-run ## Replay a recording or a journal: make replay SESSION=file
	@$(RUN)/infusion-monitor replay "$(SESSION)"

.PHONY: evidence
evidence: setup-run ## Replay real recordings into a table: make evidence EVIDENCE=folder
	@[ -e "$(EVIDENCE)" ] || { echo "no '$(EVIDENCE)'; name its folder: make evidence EVIDENCE=folder"; exit 1; }
	@$(RUN)/infusion-monitor evidence "$(EVIDENCE)"

.PHONY: score
score: setup-run ## Score cases and recordings beside simple rules: make score EVIDENCE=folder
	@[ -e "$(EVIDENCE)" ] || { echo "no '$(EVIDENCE)'; name its folder: make score EVIDENCE=folder"; exit 1; }
	@$(RUN)/infusion-monitor score cases "$(EVIDENCE)/cases.jsonl"
	@for each in $(COLLECTIONS); do \
		echo; $(RUN)/infusion-monitor score background "$(EVIDENCE)" --format $$each || exit; \
	done

.PHONY: results
results: setup-run ## Write the scores of cases and recordings into README and docs/scoring.md: EVIDENCE=folder
	@$(RUN)/python -m scripts.evidence_results "$(EVIDENCE)"

# One browser draws beside everything else: several at once would wait for one another.
define run-tests
mkdir -p .cache; \
$(RUN)/python -m pytest -q -m page > .cache/pages.txt 2>&1 & pages=$$!; \
$(RUN)/python -m pytest -q -n $(WORKERS) -m "not page"; rest=$$?; \
wait $$pages; drawn=$$?; echo; echo "The page in Chromium:"; cat .cache/pages.txt; \
exit $$(( rest | drawn ))
endef

.PHONY: test
test: setup ## Run the tests
	@$(run-tests)

.PHONY: check
check: lint ## Everything the build server checks
	@mkdir -p .cache; \
	nice $(MAKE) --no-print-directory types imports coverage WORKERS=1 > .cache/checks.txt 2>&1 & checks=$$!; \
	( $(run-tests) ); rest=$$?; \
	wait $$checks; checked=$$?; echo; echo "Types, imports and coverage:"; cat .cache/checks.txt; \
	exit $$(( rest | checked ))

# Tests that reach every line and branch of detectors/ between them. In a check they run beside the
# others, of which many wait for a broker.
WATCHED := tests/detectors \
	tests/monitor/test_transfers.py tests/monitor/test_unsteadiness.py

.PHONY: coverage
coverage: setup ## Check that every line and branch of the detectors is tested
	@IRM_EXAMPLES_SHARE=8 $(RUN)/python -m pytest -q -n $(WORKERS) $(WATCHED) --cov --cov-report=term

.PHONY: format
format: setup ## Rewrite the layout of every Python file
	@$(RUN)/ruff format .

.PHONY: lint
lint: setup ## Check layout, names, docstrings, clocks in the core and a hundred other habits
	@$(RUN)/ruff format --check --quiet . || { echo "lint: run 'make format'"; exit 1; }
	@$(RUN)/ruff check --quiet .

.PHONY: types
types: setup ## Check the types
	@$(RUN)/mypy

.PHONY: imports
imports: setup ## Check that imports point one way
	@$(RUN)/lint-imports --no-logo

.PHONY: crash
crash: setup ## Kill everything that can die again and again: make crash KILLS=204 SEED=8
	@$(RUN)/python -m scripts.crash --kills $(KILLS) --seed $(SEED)

.PHONY: systemd
systemd: ## As root: run the shipped units under a systemd of their own, and what they promise
	@scripts/systemd.sh

.PHONY: takeover
takeover: setup ## Kill, freeze and stop the monitor that speaks, and time its standby
	@$(RUN)/python -m scripts.takeover

.PHONY: bench
bench: setup ## Measure throughput and latency against their floors
	@$(RUN)/python -m benchmarks

.PHONY: bless
bless: setup ## Rewrite the blessed results of the golden sessions, to be read as a diff
	@IRM_BLESS=1 $(RUN)/python -m pytest -q tests/replay
	@git --no-pager diff --stat -- tests/replay

.PHONY: plots
plots: setup ## Draw the plots of docs/detection.md from the code that decides
	@$(RUN)/python -m scripts.detection_plots

.PHONY: pictures
pictures: setup ## Draw the pictures of the README: terminal, station and chair in the demo's story
	@$(RUN)/python -m scripts.pictures

.PHONY: books
books: setup ## Rewrite docs/rulebooks.md from the rule books in config
	@$(RUN)/python scripts/rulebook_page.py

.PHONY: certs
certs: ## Make certificates for a laboratory: make certs DEVICES="mon-17 station-1=host" HOST=name
	@scripts/certs.sh var/certs "$(or $(HOST),localhost)" $(DEVICES)

.PHONY: container-site
container-site: ## Make what the compose file mounts: make container-site UNIT=inf-a HOST=ward.example
	@scripts/container_site.sh deploy/container "$(or $(UNIT),inf-a)" "$(or $(HOST),localhost)" $(DEVICES)

.PHONY: release-tools
release-tools: setup-run ## Install the tools that lock, audit and sbom use
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[release]"

.PHONY: lock
lock: release-tools ## Write requirements.lock: every package with its hashes, and no registry
	@$(RUN)/pip-compile --quiet --generate-hashes --no-header --no-emit-index-url \
		--no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe \
		--output-file requirements.lock pyproject.toml

.PHONY: audit
audit: release-tools ## Ask the public list of vulnerabilities about every locked package
	@$(RUN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

.PHONY: sbom
sbom: release-tools ## Write what the program consists of as CycloneDX: var/sbom.json
	@mkdir -p var
	@$(RUN)/cyclonedx-py requirements requirements.lock --output-file var/sbom.json

.PHONY: minimum
minimum: ## Install the oldest versions that pyproject.toml allows, and run a short set of tests
	@scripts/minimum.sh

.PHONY: fuzz
fuzz: setup ## Feed every decoder with nearly right bytes, guided by coverage: make fuzz MINUTES=60
	@scripts/fuzz.sh $(MINUTES)

.PHONY: clean
clean: ## Remove what can be made again, but not recordings and ledgers
	@rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		.coverage htmlcov dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
