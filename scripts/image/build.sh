#!/usr/bin/env bash
# Builds the container image kube-ipvs:VERSION with whichever engine is there, for this machine's architecture or for those
# that are named. ENGINE, TAG and PLATFORMS override the choice:
#   PLATFORMS=linux/amd64,linux/arm64 TAG=REGISTRY/kube-ipvs:VERSION make image      # docker: pushes; podman: a manifest
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git describe --always --abbrev=40 --exclude='*' --dirty 2>/dev/null || echo unknown)
tag=${TAG:-kube-ipvs:$version}
engine=${ENGINE-}
for candidate in docker podman; do
  [ -n "$engine" ] || ! "$candidate" info >/dev/null 2>&1 || engine=$candidate
done
fail() {
  printf 'image: expected %s\n' "$1" >&2
  printf '       %s\n' "$2" >&2
  exit 1
}
[ -n "$engine" ] ||
  fail 'a running docker or podman, got neither' 'Start the engine, or name another one: make image ENGINE=nerdctl'
command -v "$engine" >/dev/null ||
  fail "the container engine $engine, got no such program" 'Install it, or leave ENGINE out: a running docker or podman is found'

# Of the commit, so that the same commit has the same times.
time=$(git log -1 --format=%ct 2>/dev/null || echo 0)
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$time")
if [ -z "${PLATFORMS-}" ]; then
  "$engine" build "${arguments[@]}" --tag "$tag" .
elif [ "$engine" = docker ]; then
  docker buildx build "${arguments[@]}" --platform "$PLATFORMS" --provenance=true --sbom=true --tag "$tag" --push .
else
  "$engine" build "${arguments[@]}" --platform "$PLATFORMS" --manifest "$tag" .
fi
printf 'image: built %s\n' "$tag"
