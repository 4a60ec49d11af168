#!/usr/bin/env bash
# Make the environment: tools/install.sh PYTHON VENV
# Every package is pinned by version and hash (requirements.txt); the index is whatever pip is
# configured to use. uv, when its wheel can be had, installs ten times faster than pip.
set -euo pipefail
python=$1
venv=$2

"$python" - <<'CHECK'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"twinstore needs Python 3.11 or newer, this is {sys.version.split()[0]}; "
             "name another one: make PYTHON=python3.12 demo")
CHECK

echo "Installing into $venv …"
"$python" -m venv "$venv"
if "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: -r requirements-installer.txt 2>/dev/null \
  && "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes \
    -r requirements.txt 2>/dev/null; then
  :
else
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements.txt
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
  --no-build-isolation --editable .
echo "Installed."
