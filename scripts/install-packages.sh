#!/bin/sh
# Installs the Debian packages of the named groups (see debian-packages.txt) that are missing, and says which.
#   scripts/install-packages.sh build test
set -eu

list=$(dirname "$0")/debian-packages.txt

# The packages of one group, one a line.
packages_of() {
  awk -v group="$1" '$1 == group { print $2 }' "$list"
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "not root and no sudo; as root, run: $*" >&2
    exit 1
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

command -v dpkg-query >/dev/null || {
  echo "this is no Debian system; install by hand what $list names" >&2
  exit 1
}

missing=
for package in $(for group in "$@"; do packages_of "$group"; done | sort -u); do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing Debian packages:$missing"
# A fresh system has no package lists and an old one has stale ones: only then are they fetched.
# shellcheck disable=SC2086 # a list of names
apt_install $missing || { as_root apt-get update && apt_install $missing; }
