#!/bin/sh
# Installs pinned requirements into a virtual environment, creates it if necessary, and prints the time that this took.
# Uses the uv on PATH, or the pinned one, which pip installs into the environment. If uv is not available or fails, pip
# installs the same packages with the same hashes.
#   PYTHON=python3.11 sh requirements/install.sh .venv requirements/local.txt
set -u

environment=$1 requirements=$2
python=$environment/bin/python
started=$(date +%s)

seconds() { echo "$(($(date +%s) - started)) s"; }

# Print a line every few seconds, because neither installer shows its progress without a terminal.
report() {
    # Not connected to the output: its reader would wait until sleep ends.
    while sleep 5 >/dev/null 2>&1; do
        echo "  installing $requirements, $(seconds)"
    done
}

by_pip() { "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"; }

find_uv() {
    if command -v uv; then return; fi
    [ -x "$environment/bin/uv" ] || by_pip "${requirements%/*}/uv.txt" >&2 || return 1
    echo "$environment/bin/uv"
}

pip_setting() { "$python" -m pip config get "global.$1" 2>/dev/null; }

by_uv() {
    uv=$(find_uv) || return 1
    # uv does not read pip's configuration, which may name an index or a certificate.
    index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(pip_setting index-url)}}
    more=${UV_INDEX:-${PIP_EXTRA_INDEX_URL:-$(pip_setting extra-index-url)}}
    certificate=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
    [ -z "$more" ] || export UV_INDEX="$more"
    [ -z "$certificate" ] || export SSL_CERT_FILE="$certificate"
    "$uv" pip install --quiet --python "$python" --require-hashes -r "$requirements" || return 1
    # pip compiles every file. This uses every core and skips most unused files: a third of all files belong to AWS
    # services that the program does not use.
    "$python" -m compileall -qq -j 0 -x '/(pulumi_aws|debugpy|pip|geodata|carrierdata|tests?)/' "$environment"/lib || true
}

echo "installing $requirements into $environment, once"
[ -x "$python" ] || "${PYTHON:-python3.11}" -m venv "$environment" || exit 1
report &
reporter=$!
trap 'kill "$reporter" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
installer=uv
if ! by_uv; then
    echo "uv failed; installing with pip"
    installer=pip
    by_pip "$requirements" || exit 1
fi
echo "installed $requirements by $installer in $(seconds)"
