# Targets for people and CI. Everything works from a clean clone on Debian 12 with Node.js >= 20, git and make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.PHONY: help setup build test demo bench clean packages-build packages-test packages-lab packages-qemu

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: packages-build packages-test packages-lab node_modules/.stamp ## install missing Debian packages and the npm ones

build: packages-build node_modules/.stamp ## compile the addon and the TypeScript (only what changed)
	npm run --silent build:all

test: setup packages-qemu ## every check and every test; STAGES=unit,kernel picks some
	npm test --silent -- $(if $(STAGES),--only $(STAGES))

demo: build packages-lab ## balance real HTTP traffic with a director, in a guest kernel where this one has no IPVS
	npm run --silent demo

bench: build packages-lab packages-qemu ## measure; ARGS="ipvs --size 1000x10"
	npm run --silent bench -- $(ARGS)

clean: ## remove everything that was built or installed here
	rm -rf build dist prebuilds native/libipset/build node_modules .cache

packages-build packages-test packages-lab packages-qemu: packages-%:
	@scripts/install-packages.sh $*

# Scripts are left out: the only one that matters would build the addon, which `build` does, and only when needed.
node_modules/.stamp: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
