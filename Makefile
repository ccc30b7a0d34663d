.DEFAULT_GOAL := help
.PHONY: a11y bench-core bench-delivery bench-doors bench-flow bench-lifecycle bench-notify bench-payment bench-portal bench-tracking chaos check clean contracts demo generate help lint lock proof scale setup store test types unit

PY := .venv/bin/python
ONCE ?=
DOSSIERS ?= 20
KILL ?=
LOCKED ?=
MINUTES ?= 3
SEED ?= 1
BROKERS ?= 1
SCHEDULES ?= 100
RATE ?= 15
SECONDS ?= 30
STORED ?= 0
PICTURES ?=
WORK ?= dossiers
COUNT ?= 10000
ROWS ?= 1000000

help: ## show this
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: .venv/.installed ## install everything into .venv and .local
	@$(PY) -m deploy.local.install

.venv/.installed: requirements.lock pyproject.toml
	@test -x $(PY) || python3.11 -m venv .venv || python3 -m venv .venv
	@echo "installing Python packages into .venv"
	@$(PY) -m pip --cache-dir .local/cache/pip --disable-pip-version-check install -q --require-hashes -r requirements.lock
	@$(PY) -m pip --cache-dir .local/cache/pip --disable-pip-version-check install -q --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## run the whole platform with real dossiers; ONCE=1 ends by itself, DOSSIERS=n, KILL=service, LOCKED=1
	@.venv/bin/hoso demo --dossiers $(DOSSIERS) $(if $(ONCE),--once) $(if $(KILL),--kill $(KILL)) $(if $(LOCKED),--locked)

check: setup lint types contracts unit ## the fast part: lint, types, contracts, unit tests

lint:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports --cache-dir .local/cache/imports
	@$(PY) -m cli.nofloat

types:
	@.venv/bin/mypy --cache-dir .local/cache/mypy

contracts:
	@.venv/bin/pytest -q tests/contract

unit:
	@.venv/bin/pytest -q tests/unit

test: check ## everything on real Kafka and a real store
	@.venv/bin/pytest -q tests/core tests/integration tests/e2e tests/browser -m "not journey"

proof: setup ## schedules of the event core (SCHEDULES=n, SEED=n), chaos, count gates, every journey of the portal
	@HOSO_PROOF_SCHEDULES=$(SCHEDULES) HOSO_PROOF_SEED=$(SEED) .venv/bin/pytest -q tests/core
	@.venv/bin/pytest -q tests/chaos
	@$(PY) -m tests.browser.portal.a11y

a11y: setup ## every page and journey of the portal in Chromium with axe: what was found, as JSON; PICTURES=1 keeps some in docs/portal
	@$(PY) -m tests.browser.portal.a11y $(if $(PICTURES),--pictures)

chaos: setup ## kill, freeze and trouble everything while dossiers flow, then compare; MINUTES=3 SEED=1 BROKERS=1 WORK=payments COUNT=
	@$(PY) -m tests.chaos.harness --minutes $(MINUTES) --seed $(SEED) --brokers $(BROKERS) --work $(WORK) --count $(COUNT)

bench-core: setup ## the event core against the usual ways, the raw broker and the store's own limit
	@$(PY) -m bench.core

bench-flow: setup ## whole dossiers through all services, open loop; RATE=dossiers a second, SECONDS=, STORED=
	@$(PY) -m bench.flow --rate $(RATE) --seconds $(SECONDS) --stored $(STORED)

bench-lifecycle: setup ## dossiers filed over Kafka and over HTTP by one process, and the store's limit
	@$(PY) -m bench.lifecycle

bench-payment: setup ## VNPAY's notices at a fixed rate: payments a second, p99 of the answer; RATE=100 SECONDS=
	@$(PY) -m bench.payment --rate $(if $(filter command line,$(origin RATE)),$(RATE),100) --seconds $(SECONDS)

bench-notify: setup ## one process of notification at 300 SMS a second; one-time codes behind a backlog of 20,000
	@$(PY) -m bench.notify

bench-delivery: setup ## signed documents a second against bare pyHanko; latency of verification
	@$(PY) -m bench.delivery

bench-portal: setup ## pages: what people wait for who follow a dossier, RATE=50 a second; pages a second at most
	@$(PY) -m bench.portal --rate $(if $(filter command line,$(origin RATE)),$(RATE),50) --seconds $(SECONDS)

bench-tracking: setup ## timelines and statistics: events a second, against the store's limit; what people wait for
	@$(PY) -m bench.tracking

bench-doors: setup ## valid and broken dossiers of every procedure through both doors; small files a second
	@$(PY) -m bench.doors

scale: setup ## lists, search and tracking with 10,000 and ROWS dossiers stored: p95, ratio; ROWS events counted anew
	@$(PY) -m bench.scale --rows $(ROWS) --events $(ROWS)

store: ## build the faster document store (secantusd-rs, with cargo, some four minutes) into .local/bin
	@test -x .local/bin/secantusd-rs || cargo install -q secantus-mdb --version 0.5.3-beta.193 --ignore-rust-version --locked --root .local

lock: ## resolve requirements.lock again, without any index address
	@uv pip compile -q pyproject.toml --group simulators --group store --group dev --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --python-version 3.11 --prerelease=if-necessary-or-explicit -o requirements.lock

generate: setup ## write JSON Schema, AsyncAPI, missing goldens, the rules of the objectives and the dashboards
	@$(PY) -m cli.generate
	@$(PY) -m cli.monitoring

clean: ## forget every run; keeps downloads
	@rm -rf .local/run
