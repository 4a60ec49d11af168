#!/usr/bin/env bash
# Resolve pyproject.toml into requirements.txt (and the installer's own pin): versions and hashes
# for every platform, no index address.
set -euo pipefail
uv=.venv/bin/uv
options=(--universal --python-version 3.11 --generate-hashes --no-annotate --no-header
         --no-emit-index-url --no-emit-find-links --quiet)
"$uv" pip compile "${options[@]}" --group dev pyproject.toml --output-file requirements.txt "$@"
grep -A 200 '^uv==' requirements.txt | awk 'NR==1 || /^ /{print; next} {exit}' \
  > requirements-installer.txt
