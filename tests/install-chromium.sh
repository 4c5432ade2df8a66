#!/usr/bin/env bash
# Debian's Chromium with its driver, which the tests of the lead desk drive; does nothing where both are there.
set -euo pipefail
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "No apt here: install chromium and chromedriver, or the tests of the lead desk in a browser are skipped." >&2
    exit 0
fi
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
packages=(chromium chromium-driver fonts-liberation)
# The lists are fetched only where the ones at hand no longer lead to the packages.
"${install[@]}" "${packages[@]}" >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -qq && "${install[@]}" "${packages[@]}" >/dev/null; }
