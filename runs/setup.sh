#!/usr/bin/env bash
# Make .venv with pinned packages and find (or install) software OpenGL. Quick when nothing changed.
# Usage: runs/setup.sh [EXTRAS]      EXTRAS: demo (default) or test
set -euo pipefail
cd "$(dirname "$0")/.."

what=${1:-demo}
case "$what" in
demo) extras="sim,model" ;;
test) extras="sim,model,serve,deploy,test" ;;
*) echo "setup: unknown set '$what' (there are: demo, test)" >&2; exit 2 ;;
esac
key=$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)
stamp=".venv/ready-$what-$key"

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "setup: no Python 3.11 to 3.13 found; install one (Debian: apt-get install python3 python3-venv)" >&2
    exit 2
}

if [ ! -e "$stamp" ]; then
    python=$(find_python)
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        echo "setup: making .venv with $python"
        if ! "$python" -m venv --clear .venv >/dev/null 2>&1; then
            echo "setup: '$python -m venv .venv' failed; install the venv package (Debian: apt-get install python3-venv)" >&2
            exit 2
        fi
    fi
    pip=".venv/bin/python -m pip --disable-pip-version-check install -qq"
    echo "setup: installing torch (the longest step)"
    # Alone and first, as one exact version: a range may pull a build with GPU libraries of several gigabytes.
    $pip "$(grep '^torch==' requirements.lock)"
    echo "setup: installing the pinned packages"
    $pip -c requirements.lock -e ".[$extras]"
    touch "$stamp"
    if [ "$what" = test ]; then touch ".venv/ready-demo-$key"; fi
fi

.venv/bin/python -m sapave.sim.gl --install
