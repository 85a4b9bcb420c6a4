# kube-ipvs. `make help` lists what can be made.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/sbin
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

sources := $(shell find lib native-bindings scripts -name '*.ts' 2>/dev/null)

image := build/image

.PHONY: help setup setup-lab build lint unit test demo lab bench docs picture image image-tree sbom format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

demo: setup-lab build ## two nodes in a lab, real packets balanced by real IPVS: watch it work
	@node test/lab/run.ts --timeout 600 -- node test/demo/demo.ts

test: setup-lab build image-tree ## lint and every test, the real kernel included
	@node scripts/test.ts

lint: setup ## types, style, layers and format, in seconds
	@npm run --silent lint

unit: setup ## the tests that need no kernel, in seconds
	@npm run --silent unit

lab: setup-lab build ## a shell in a booted lab with two nodes, four pods and an outside client
	@node test/lab/shell.ts

bench: setup-lab build ## measure everything and rewrite docs/benchmarks.md
	@node test/bench/bench.ts

build: dist/kube-ipvs.mjs ## the program as one file, dist/kube-ipvs.mjs

dist/kube-ipvs.mjs: $(sources) package.json | setup
	@node scripts/build.ts

docs: setup build ## rewrite the reference pages that are made from the code
	@node scripts/docs.ts

picture: setup-lab build ## draw docs/images/demo.svg anew from a run of the demo
	@set -o pipefail; FORCE_COLOR=1 node test/lab/run.ts --timeout 600 -- node test/demo/demo.ts \
	  | tee build/demo.txt >/dev/null
	@node scripts/capture.ts --title 'make demo' --from '01 a ClusterIP' --lines 27 <build/demo.txt >docs/images/demo.svg

image: ## the container image kube-ipvs:VERSION, with docker or podman
	@scripts/image/build.sh

image-tree: $(image)/opt/kube-ipvs/sbom.cdx.json ## the image's files, in build/image, as the Dockerfile puts them there

$(image)/opt/kube-ipvs/sbom.cdx.json: dist/kube-ipvs.mjs package-lock.json $(wildcard scripts/image/*)
	@rm -rf $(image)
	@scripts/image/debian.sh $(image)
	@node scripts/image/tree.ts $(image)

sbom: image-tree ## the software in the image, as CycloneDX, in build/sbom.cdx.json
	@cp $(image)/opt/kube-ipvs/sbom.cdx.json build/sbom.cdx.json

setup: ## install what building needs: Debian packages when missing, npm packages by lock file
	@scripts/setup.sh

setup-lab:
	@scripts/setup.sh --lab

format: setup ## rewrite every file as prettier wants it
	@npm run --silent format

clean: ## remove what was built
	@rm -rf dist build coverage
