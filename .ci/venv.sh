#!/bin/sh
# Make the virtual environment $1 hold exactly what the lock file $2 says, and NetRaven itself.
# What was installed is noted in a stamp, so a second call returns at once.
set -eu

venv=$1
lock=$2
stamp="$venv/installed-$lock"

say() { printf '%s\n' "$*" >&2; }

suitable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

choose_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if suitable "$name"; then
            command -v "$name"
            return
        fi
    done
    say "NetRaven needs Python 3.11 or later with venv; install python3 and python3-venv, then run make again."
    return 1
}

# The place is part of it: a virtual environment does not survive being moved.
wanted() {
    pwd
    cat "$lock"
    sed -n '/^\[project\]/,/^\[tool\.ruff\]/p' pyproject.toml
}

if [ -x "$venv/bin/python" ] && [ -f "$stamp" ]; then
    if wanted | cmp -s - "$stamp" && "$venv/bin/python" -c '' 2>/dev/null; then
        exit 0
    fi
fi

if ! { [ -x "$venv/bin/python" ] && suitable "$venv/bin/python" &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    python=$(choose_python)
    say "Making $venv with $("$python" --version) ..."
    "$python" -m venv --clear "$venv"
fi

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"
}

rm -f "$stamp"
say "Installing what $lock names (once) ..."
pip install --quiet --require-hashes --requirement "$lock"
pip install --quiet --no-deps --no-build-isolation --editable .
wanted > "$stamp"
