#!/bin/sh
# Write both lock files anew. Only this needs uv, which is fetched into the virtual environment.
set -eu

venv=$1
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv

compile() {
    "$venv/bin/python" -m uv pip compile pyproject.toml --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet "$@"
}

compile --group dev --output-file requirements.lock
# The second is a part of the first: the same versions, without the tools.
compile --group build --constraint requirements.lock --output-file requirements-run.lock
