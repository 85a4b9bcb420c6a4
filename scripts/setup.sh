#!/usr/bin/env bash
# Installs what building and testing need and what is missing: Debian packages, npm packages by lock file (with the Node
# that the project runs on among them). Says nothing when everything is there.
#   setup.sh [--lab]   with --lab also what the lab boots and compares with
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$1"; shift; for line in "$@"; do printf '       %s\n' "$line" >&2; done; exit 1; }

packages_needed() {
  local missing=() command
  declare -A package=([gcc]=gcc [make]=make [python3]=python3 [openssl]=openssl)
  if [ "${1-}" = --lab ]; then
    package+=([linux.uml]=user-mode-linux [modprobe]=kmod [ip]=iproute2 [iptables-legacy]=iptables [ipset]=ipset
      [ipvsadm]=ipvsadm [conntrack]=conntrack [curl]=curl [setpriv]=util-linux [zsh]=zsh [fish]=fish)
  fi
  for command in "${!package[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null || missing+=("${package[$command]}")
  done
  # A program that compiles against the kernel's and the C library's headers needs these even where gcc is there.
  [ -e /usr/include/linux/ip_vs.h ] || missing+=(linux-libc-dev)
  [ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
  [ "${#missing[@]}" = 0 ] || printf '%s\n' "${missing[@]}" | sort -u
}

install_packages() {
  local missing
  mapfile -t missing < <(packages_needed "$@")
  [ "${#missing[@]}" != 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "missing Debian packages: ${missing[*]}" 'This is no Debian: install their like with your package manager and run again.'
  [ "$(id -u)" = 0 ] ||
    fail "missing Debian packages: ${missing[*]}" "Run as root: apt-get install --no-install-recommends ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  # The lists may be fresh already; updating first costs seconds and saves a failure with stale ones.
  apt-get update -qq >"$log" 2>&1 || say 'apt-get update failed, going on with the lists that are there'
  if ! apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "could not install: ${missing[*]}" 'The last lines of apt-get stand above.'
  fi
  rm -f "$log"
}

# The addons are compiled against the headers of the Node that runs npm; their binary interface is the same for every
# later Node, so the Node of the project can load them.
headers_of_node() {
  if [ -n "${npm_config_nodedir-}" ]; then
    printf '%s\n' "$npm_config_nodedir"
    return
  fi
  local prefix
  prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
  if [ -e "$prefix/include/node/node_api.h" ]; then printf '%s\n' "$prefix"; fi
}

install_modules() {
  local stamp=node_modules/.setup-stamp
  [ package-lock.json -nt "$stamp" ] || return 0
  command -v npm >/dev/null || fail 'npm is missing' 'Install Node.js 20 or newer with npm; it brings the Node that the project runs on.'
  local headers
  headers=$(headers_of_node)
  [ -n "$headers" ] || fail "no headers beside $(command -v node)" \
    'Expected node_api.h under include/node of its prefix: install the headers (Debian: libnode-dev),' \
    'or set npm_config_nodedir to a folder that has include/node.'
  say 'installing npm packages'
  local log
  log=$(mktemp)
  if ! npm_config_nodedir=$headers npm ci --no-audit --no-fund >"$log" 2>&1; then
    grep -v 'npm warn' "$log" | tail -n 30 >&2
    rm -f "$log"
    fail 'npm ci failed' 'Its last lines stand above.'
  fi
  rm -f "$log"
  node_modules/.bin/node -e 'require("ffi-napi")' 2>/dev/null ||
    fail 'the native addon ffi-napi does not load' 'Run: npm rebuild ffi-napi ref-napi   and look at what the compiler says.'
  touch "$stamp"
}

# Nothing can be unpacked inside the lab, where this folder is read-only.
unpack_kubectl() {
  [ ! -x build/kubectl/kubectl/kubectl ] || [ ! -x build/kubectl/helm/helm ] || return 0
  say 'unpacking kubectl and helm'
  node_modules/.bin/node -e 'import("./test/kube/helm.ts").then(({ helmPath }) => helmPath())'
}

# Installed, Debian's package would start a server of its own on this machine: only its programs are wanted.
unpack_prometheus() {
  local folder=build/prometheus
  [ ! -x "$folder/usr/bin/promtool" ] || return 0
  ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null || return 0
  command -v apt-get >/dev/null ||
    fail 'prometheus and promtool are missing' 'This is no Debian: install them with your package manager and run again.'
  say 'unpacking Prometheus'
  mkdir -p "$folder"
  if ! (cd "$folder" && apt-get download -qq prometheus) >/dev/null 2>&1; then
    apt-get update -qq >/dev/null 2>&1 || :
    (cd "$folder" && apt-get download -qq prometheus) >/dev/null 2>&1 ||
      fail 'could not download the Debian package prometheus' 'Run as root: apt-get update   or install prometheus and run again.'
  fi
  dpkg-deb -x "$folder"/prometheus_*.deb "$folder"
  rm "$folder"/prometheus_*.deb
}

install_packages "$@"
install_modules
if [ "${1-}" = --lab ]; then
  unpack_kubectl
  unpack_prometheus
fi
