# Everything here needs only Go; the pinned tools of tools/go.mod are built by Go.
# FUZZTIME is per fuzz target, RUN narrows test, race and bench to one package.

FUZZTIME ?= 30s
JOBS     ?= 2
RUN      ?= ./...
BIN      ?= dist/ropewalk
# Packages without a goroutine, which the architecture test sees to, and the simulator, which is one.
ALONE    := '/(chat|content|content/(blob|generic|history)|discv5|discv5/wire|dnslist|enr|envelope|gossipsub|gossipsub/(gater|rpc|score)|hosts|id|internal/.*|kad|link|outage|peer|pex|portal|portal/wire|pulse|scenario|session|sim|sim/eclipse|utp|vote)$$'
TOOL     := go tool -modfile=tools/go.mod
GOFILES   = $(shell git ls-files --cached --others --exclude-standard '*.go')

SHELL       := bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be run
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: build
build: ## the program, as dist/ropewalk
	go build -trimpath -ldflags '-s -w' -o $(BIN) ./cmd/ropewalk

.PHONY: test
test: ## all tests
	go test $(RUN)

.PHONY: race
race: ## tests with the race detector, of all packages that have goroutines
	@go list $(RUN) | { grep -vE $(ALONE) || true; } | xargs -r go test -race -timeout 15m

.PHONY: vet
vet: ## go vet
	go vet ./...

.PHONY: fmt
fmt: ## format in place
	gofmt -w $(GOFILES)

.PHONY: fmt-check
fmt-check: ## fail when something is not formatted
	@bad="$$(gofmt -l $(GOFILES))"; if [ -n "$$bad" ]; then echo "not formatted (make fmt):"; echo "$$bad"; exit 1; fi

.PHONY: staticcheck
staticcheck: ## staticcheck, pinned
	$(TOOL) staticcheck ./...

.PHONY: arch
arch: ## floors, purity, names, the drawn tree; lists files that grew long
	go test -count=1 -run '^TestArch' -v . | { grep -vE '^(=== RUN|    --- PASS|--- PASS)' || true; }

.PHONY: libsecp
libsecp: ## the tests of keys and handshakes with libsecp256k1 (cgo; Debian's libsecp256k1-dev)
	go vet -tags libsecp256k1 ./link/rlpx ./id ./discv5/wire
	go test -count=1 -tags libsecp256k1 ./link/rlpx ./id ./discv5/wire

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each (FUZZTIME=30s), JOBS at once
	@./.ci/fuzz $(FUZZTIME) $(JOBS)

.PHONY: defences
defences: ## take out each defence against an attack and see its test fail
	go test -count=1 -timeout 20m -run '^TestDefences' . -defences

.PHONY: sim
sim: ## one minute of simulation
	@go test -count=1 -timeout 10m -run '^TestMinute' -v ./sim -for 60s | awk '{print} /^--- PASS: TestMinute/ {ran = 1} END {exit !ran}'

.PHONY: sim-small
sim-small: ## the experiments on sessions and content at small scale, and their figures; a minute
	@go run ./cmd/ropewalk sim full --small
	@go run ./cmd/ropewalk sim content --nodes 150

.PHONY: sim-full
sim-full: ## the experiments on sessions at full scale; writes docs/sessions-report.md; some twenty minutes of one core
	@rm -rf dist/sim && mkdir -p dist
	@go build -o dist/ropewalk-sim ./cmd/ropewalk && GOMAXPROCS=1 nice dist/ropewalk-sim sim full --dir dist/sim --out docs/sessions-report.md

.PHONY: sim-gossip
sim-gossip: ## the gossip network as it is, attacked and with large messages; some minutes
	@for n in 250 500 1000; do echo "== gossip, $$n nodes"; go run ./cmd/ropewalk sim gossip --nodes $$n; done
	@for s in eclipse coldboot flash censor churn large middling; do echo "== gossip-$$s"; go run ./cmd/ropewalk sim gossip-$$s; done

.PHONY: dash
dash: ## build the dashboard's page and fail when the committed one differs
	sh dash/web/build.sh
	git diff --exit-code -- dash/dist

.PHONY: check
check: fmt-check vet staticcheck race ## what must be green before a change is sent
	$(MAKE) -O -j2 sim sim-small # a core each: the simulator is one goroutine
	$(MAKE) arch
	$(MAKE) fuzz FUZZTIME=2s JOBS=2

.PHONY: interop
interop: ## our nodes with go-libp2p-pubsub and go-ethereum, and with js-libp2p, discv5 and Ultralight of JavaScript (Node.js)
	cd interop/js && npm install --no-audit --no-fund --no-package-lock --silent
	for d in discv5 portal; do (cd interop/$$d/js && if [ package-lock.json -nt node_modules/.package-lock.json ]; then npm ci --ignore-scripts --no-audit --no-fund --silent; fi); done
	GOBIN=$(CURDIR)/dist go install github.com/ethereum/go-ethereum/cmd/devp2p@$$(cd interop && go list -m -f '{{.Version}}' github.com/ethereum/go-ethereum)
	cd interop && go vet ./... && INTEROP_JS=1 DEVP2P=$(CURDIR)/dist/devp2p go test -count=1 -timeout 15m ./...

.PHONY: browser
browser: build ## the dashboard of a devnet in headless Chromium (needs Node.js and chromium)
	cd interop/browser && npm install --no-audit --no-fund --no-package-lock --silent && node dash.mjs ../../$(BIN) $(SCREENSHOT)

.PHONY: devnet
devnet: ## eight nodes on loopback: find, talk, lose three, recover
	go run ./cmd/ropewalk devnet --nodes 8 --script demo --exit

.PHONY: bench
bench: ## benchmarks; OLD=file compares with an earlier run by benchstat
	go test -run '^$$' -bench . -benchmem -count 6 $(RUN) | tee bench.new
	@if [ -n "$(OLD)" ]; then $(TOOL) benchstat "$(OLD)" bench.new; fi

.PHONY: bench-gossip
bench-gossip: ## what gossip costs, against go-libp2p-pubsub; ARGS='-only NAME -reps N -json'
	@cd bench && go vet ./... && go run . $(ARGS)

.PHONY: bench-links
bench-links: ## what links cost, against go-ethereum's p2p and go-libp2p (needs libsecp256k1-dev); ARGS as above
	@cd bench && go vet ./... && CGO_ENABLED=0 go build -o ../dist/bench-pure . && go run -tags libsecp256k1 . -table links -pure ../dist/bench-pure $(ARGS)

.PHONY: bench-sessions
bench-sessions: ## how soon 60 nodes find peers and replace lost ones, against go-ethereum's p2p; five minutes
	@cd bench && go vet ./... && go run . -table sessions -reps 1 $(ARGS)

.PHONY: bench-overlay
bench-overlay: ## what discovery and content cost, against go-ethereum's discv5 and others (needs libsecp256k1-dev); ARGS as above
	@cd bench && go vet ./... && go run -tags libsecp256k1 . -table overlay -reps 3 $(ARGS)

.PHONY: kill
kill: ## kill -9 of a process that puts content, 1,000 times, and every fault of its disk
	go test ./content/store -count=1 -timeout 30m -run 'TestKilled|TestCrash|TestEvery|TestRotten' -kills 1000 -thorough

.PHONY: netns
netns: ## nodes in network namespaces whose links are cut for a minute (root and ip; skipped without)
	go test -count=1 -timeout 5m -run '^TestNetns$$' -v ./devnet -netns

.PHONY: far
far: ## 20 MiB between network namespaces through a relay that delays, loses and reorders, beside the simulator (root and ip; wants a quiet machine)
	go test -count=1 -timeout 5m -run '^TestNetnsContent$$' -v ./devnet -netns

.PHONY: cover
cover: ## coverage of all tests, as cover.html
	go test -coverprofile=cover.out -coverpkg=./... ./...
	go tool cover -func=cover.out | tail -1
	go tool cover -html=cover.out -o cover.html

.PHONY: clean
clean: ## remove what this file makes
	rm -rf dist cover.out cover.html bench.new
