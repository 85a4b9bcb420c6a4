#!/usr/bin/env bash
# Builds the container image kube-ipvs:VERSION with whichever engine is there, for this machine's architecture or for those
# that are named. ENGINE, TAG and PLATFORMS override the choice:
#   PLATFORMS=linux/amd64,linux/arm64 TAG=REGISTRY/kube-ipvs:VERSION make image      # docker: pushes; podman: a manifest
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
tag=${TAG:-kube-ipvs:$version}
engine=${ENGINE-}
for candidate in docker podman; do
  [ -n "$engine" ] || ! "$candidate" info >/dev/null 2>&1 || engine=$candidate
done
if [ -z "$engine" ]; then
  printf 'image: expected a running docker or podman, got neither\n' >&2
  printf '       Start the engine, or name another one: make image ENGINE=nerdctl\n' >&2
  exit 1
fi

arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")
if [ -z "${PLATFORMS-}" ]; then
  "$engine" build "${arguments[@]}" --tag "$tag" .
elif [ "$engine" = docker ]; then
  docker buildx build "${arguments[@]}" --platform "$PLATFORMS" --provenance=true --sbom=true --tag "$tag" --push .
else
  "$engine" build "${arguments[@]}" --platform "$PLATFORMS" --manifest "$tag" .
fi
printf 'image: built %s\n' "$tag"
