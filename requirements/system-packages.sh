#!/bin/sh
# What the platform needs of the operating system. On Debian as root the missing packages are installed;
# elsewhere each is named with the command that gets it, and nothing is installed.
set -eu

missing=""
need() { # need DEBIAN_PACKAGE "what it is for" CHECK...
    package=$1 purpose=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing $package"
        echo "missing: $package ($purpose)"
    fi
}

python=${PYTHON:-python3.11}
need python3.11 "the interpreter" "$python" --version
need python3.11-venv "virtual environments" "$python" -c "import ensurepip, venv"
need git "the tests read which files belong to the repository" git --version

[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 - a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "get them with:  sudo apt-get install$missing    (Debian, Ubuntu)"
    echo "           or:  brew install python@3.11 git    (macOS)"
    exit 1
fi
