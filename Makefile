# make run: the demo. make test: everything, on a real etcd. make help: the rest.

JAVA_HOME := $(shell tools/find-jdk)
ifeq ($(JAVA_HOME),)
$(error no JDK 25 or newer)
endif
export JAVA_HOME
export MAVEN_OPTS := $(MAVEN_OPTS) --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
MVN := mvn -B --no-transfer-progress

.PHONY: run test simulate chaos bench bench-quick build format clean help

run: ## the demo: a vehicle's packages going through all their states, in this terminal
	@./statemanager demo

test: ## everything: format, Error Prone, NullAway, layering, all tests on a real etcd
	@STATEMANAGER_ETCD=$$(tools/fetch-etcd) && export STATEMANAGER_ETCD && $(MVN) verify

simulate: ## days that go wrong, simulated: SEED=42 one day, step by step; SEEDS=1000000 so many (FROM=1)
	@tools/simulate $(or $(SEED),$(or $(FROM),1) $(or $(SEEDS),10000))

chaos: ## a server and an etcd, killed, frozen and cut off; KILLS=200, SEED=1
	@tools/chaos $(or $(KILLS),200) $(SEED)

bench: ## every figure beside its limit, into docs/benchmarks/; takes most of an hour
	@tools/bench full docs/benchmarks

bench-quick: ## the same in short, two minutes, into target/benchmarks/
	@tools/bench quick target/benchmarks

build: ## the program: target/statemanager-all.jar
	@tools/build

format: ## formats the sources
	@$(MVN) -q process-sources -Dformat.goal=apply

clean: ## removes what was built; downloads stay in .cache
	@rm -rf target

help: ## this list
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' $(MAKEFILE_LIST)
