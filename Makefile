# What people do with this repository. `make` alone explains it.

.DEFAULT_GOAL := help
.PHONY: help setup demo test conformance bench

help:
	@echo 'make demo           set up what is missing, then show what tapedeck does'
	@echo 'make demo SERVE=1   the same, and keep serving afterwards'
	@echo 'make test           set up what is missing, then format, lint, run every test and make conformance'
	@echo 'make conformance    ask a running server whether it keeps what its OpenAPI document says'
	@echo 'make bench          measure the performance promises'
	@echo 'make setup          set up what is missing: Postgres and nats-server'

setup:
	@scripts/setup.sh

demo: setup
	cargo run --release --bin tapedeck -- demo $(if $(SERVE),--serve)

test: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace
	$(MAKE) conformance

conformance: setup
	scripts/conformance.sh

bench: setup
	cargo bench --bench promises
