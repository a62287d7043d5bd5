# make run: the demo. make test: everything, on a real etcd. make help: the rest.

export MAVEN_OPTS := $(MAVEN_OPTS) --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
MVN = JAVA_HOME=$$(tools/find-jdk) && export JAVA_HOME && mvn -B --no-transfer-progress

.PHONY: run test test-quick simulate chaos soak flood fuzz mutants bench bench-quick build format clean help

run: ## the demo: a vehicle's packages going through all their states, in this terminal
	@./statemanager demo

test: ## everything: format, Error Prone, NullAway, layering, all tests on a real etcd, and two builds that are the same
	@tools/check-tools && STATEMANAGER_ETCD=$$(tools/fetch-etcd) && export STATEMANAGER_ETCD && $(MVN) verify && tools/check-reproducible

test-quick: ## before each commit: no etcd, no browser, no chaos, nothing slow; under 90 s once the program is compiled
	@tools/check-tools quick && $(MVN) test -DexcludedGroups='etcd | browser | chaos | slow'

simulate: ## days that go wrong, simulated: SEED=42 one day, step by step; SEEDS=1000000 so many (FROM=1)
	$(if $(and $(SEED),$(SEEDS)$(FROM)),$(error SEED is one day, SEEDS and FROM are for many: not both))@\
	tools/simulate $(or $(SEED),$(or $(FROM),1) $(or $(SEEDS),10000))

chaos: ## a server and its store, killed, frozen and cut off; KILLS=200, STORE=etcd, cluster or sqlite, SEED=1
	@tools/chaos $(or $(KILLS),200) $(or $(STORE),etcd) $(SEED)

soak: ## one server for a long time, whose etcd is killed and cut off; MINUTES=60 (20 at least)
	@tools/chaos soak $(or $(MINUTES),60)

flood: ## hostile clients on loopback against a server with 100 nodes; MINUTES=10 (6 or more: each attack alone, too), ONLY=GRPC
	@tools/flood $(or $(MINUTES),10) $(if $(ONLY),'$(ONLY)')

fuzz: ## what reads others' words, fuzzed; SECONDS=60 for each of three, and up to a minute to begin
	@tools/fuzz $(or $(SECONDS),60)

mutants: ## the rules, the cascade and the manager, broken in every small way: which tests notice? target/pit-reports; takes an hour
	@for room in state container view cascade manager; do \
	$(MVN) -Pmutants -Dmutants=$$room test-compile org.pitest:pitest-maven:mutationCoverage || exit 1; done

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
	@sed -n 's/^\([a-z-]*\): ## /\1\t/p' $(MAKEFILE_LIST)
