#!/usr/bin/env bash
# Builds the container image kube-ipvs:VERSION with whichever engine is there. ENGINE and TAG override the choice.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
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
"$engine" build --tag "$tag" .
printf 'image: built %s\n' "$tag"
