# SPDX-FileCopyrightText: The StateManager authors
# SPDX-License-Identifier: Apache-2.0

# make run: the demo. make test: everything, on a real etcd. make help: the rest.

export MAVEN_OPTS := $(MAVEN_OPTS) --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
MVN = JAVA_HOME=$$(tools/find-jdk) && export JAVA_HOME && mvn -B --no-transfer-progress

.PHONY: run test test-quick check-tools check-extra check-extra-tools packages packages-test release release-check third-party \
    simulate chaos soak flood fuzz coverage mutants bench bench-quick build format format-web clean help

run: ## the demo: a vehicle whose packages go through all states, in this terminal
	@./statemanager demo

test: ## everything: format, Error Prone, NullAway, layering, all tests on a real etcd, and two equal builds
	@tools/check-tools && STATEMANAGER_ETCD=$$(tools/fetch-etcd) && export STATEMANAGER_ETCD && $(MVN) verify && tools/check-jar && tools/check-reproducible

test-quick: ## before each commit: no etcd, no browser, no chaos, nothing slow; under 90 s once the program is compiled
	@tools/check-tools quick && $(MVN) test -DexcludedGroups='etcd | browser | chaos | slow'

check-tools: ## the tools that make test needs: installs missing ones as root on Debian, or prints the command
	@tools/check-tools

check-extra: ## license headers, scripts, workflows and JavaScript; needs reuse, shellcheck, actionlint and npm, and names missing ones
	@tools/check-extra

check-extra-tools: ## installs the tools of check-extra into .cache/ (needs Python, Go and npm)
	@tools/check-extra install

packages: ## the Debian package with its own Java runtime, into target/packages
	@tools/packages

packages-test: ## installs, starts, upgrades and removes the package in a fresh Debian (needs root and debootstrap)
	@tools/packages && tools/packages-test

release: ## tests, builds and tags a release: VERSION=1.2.3; with --dry-run it makes no tag
	+@tools/release '$(VERSION)' $(if $(findstring n,$(firstword -$(MAKEFLAGS))),--dry-run)

release-check: ## on a tag: tests, and builds the artifacts of VERSION into target/release
	@tools/release '$(VERSION)' --tagged

third-party: ## writes THIRD-PARTY.md from the bill of materials
	@tools/third-party

simulate: ## simulated days with faults: SEED=42 shows one day, step by step; SEEDS=1000000 runs that many (FROM=1)
	$(if $(and $(SEED),$(SEEDS)$(FROM)),$(error give SEED for one day, or SEEDS and FROM for many days))@\
	tools/simulate $(or $(SEED),$(or $(FROM),1) $(or $(SEEDS),10000))

chaos: ## a server and its store, killed, frozen and cut off; KILLS=200, STORE=etcd, cluster, sqlite or mirror, SEED=1
	@tools/chaos $(or $(KILLS),200) $(or $(STORE),etcd) $(SEED)

soak: ## one server for a long time, while its etcd is killed and cut off; MINUTES=60 (at least 20)
	@tools/chaos soak $(or $(MINUTES),60)

flood: ## hostile clients on loopback against a server with 100 nodes; MINUTES=10 (from 6 on also each attack alone), ONLY=GRPC
	@tools/flood $(or $(MINUTES),10) $(if $(ONLY),'$(ONLY)')

fuzz: ## fuzzes the parsers of input; SECONDS=60 for each of three targets, and up to a minute to start each
	@tools/fuzz $(or $(SECONDS),60)

coverage: ## which lines and branches the tests of test-quick reach: target/site/jacoco
	@tools/check-tools quick && $(MVN) -Pcoverage test -DexcludedGroups='etcd | browser | chaos | slow'

mutants: ## changes the rules, the cascade and the manager in small ways: which tests fail? target/pit-reports; takes an hour
	@for room in state container artifact view cascade manager; do \
	$(MVN) -Pmutants -Dmutants=$$room test-compile org.pitest:pitest-maven:mutationCoverage || exit 1; done

bench: ## every figure beside its limit, into docs/benchmarks/; takes most of an hour
	@tools/bench full docs/benchmarks

bench-quick: ## a short version of bench, two minutes, into target/benchmarks/
	@tools/bench quick target/benchmarks

build: ## the program: target/statemanager-all.jar
	@tools/build

format: ## formats the sources
	@$(MVN) -q process-sources -Dformat.goal=apply

format-web: ## formats the dashboard's JavaScript (needs the tools of check-extra)
	@mkdir -p .cache/web && cp -r tools/web/. .cache/web && npm --prefix .cache/web run --silent fix

clean: ## removes the build; downloads stay in .cache
	@rm -rf target

help: ## this list
	@sed -n 's/^\([a-z-]*\): ## /\1\t/p' $(MAKEFILE_LIST)
