#!/bin/sh
# Checks the system packages that the platform needs; with the argument `test` also those of its tests, and with `images`
# those of the images' tests. As root on Debian it installs missing packages; elsewhere it prints the command that
# installs them, and exits with 1. Two things are optional, and Debian 12 does not have them: Terraform with a mirror of
# its AWS provider (tests/provider), and Python 3.13 (the functions' tests). Tests without them are skipped with the
# reason.
set -eu

missing="" homebrew=""
need() { # need DEBIAN_PACKAGE HOMEBREW_FORMULA "purpose" CHECK...
    package=$1 formula=$2 purpose=$3
    shift 3
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing $package"
        case " $homebrew " in *" $formula "*) ;; *) homebrew="$homebrew $formula" ;; esac
        echo "missing: $package ($purpose)"
    fi
}

python=${PYTHON:-python3.11}
version="import sys; sys.exit(sys.version_info[:2] != (3, 11))"
if "$python" -c "" >/dev/null 2>&1 && ! "$python" -c "$version"; then
    echo "PYTHON=$python is $("$python" --version), but the pinned requirements are for Python 3.11: name one of those," \
        "or leave PYTHON out" >&2
    exit 1
fi
need python3.11 python@3.11 "the interpreter" "$python" -c "$version"
need python3.11-venv python@3.11 "virtual environments" "$python" -c "import ensurepip, venv"
need unixodbc unixodbc "the driver manager of the SQL extraction" \
    "$python" -c "import ctypes.util, sys; sys.exit(ctypes.util.find_library('odbc') is None)"
if [ "${1:-}" = test ]; then
    need git git "the tests read which files belong to the repository" git --version
    need chromium chromium "the browser that opens the pages" sh -c "command -v chromium || command -v google-chrome"
    need openjdk-17-jre-headless openjdk@17 "the Java of PySpark" java -version
    need maven maven "fetches what Spark reads Iceberg tables with" sh -c "command -v mvn"
    if [ "$(uname)" = Linux ]; then
        # The long tests start these servers on high ports. The services that Debian starts at installation may be
        # stopped.
        need openssh-server openssh "an SFTP server of the collector's long tests" test -x /usr/sbin/sshd
        need openssh-client openssh "the keys of these servers" sh -c "command -v ssh-keygen"
        need proftpd-core proftpd "another of these servers" test -x /usr/sbin/proftpd
        need proftpd-mod-crypto proftpd "its SFTP module" test -f /usr/lib/proftpd/mod_sftp.so
    fi
fi
if [ "${1:-}" = images ] && ! docker info >/dev/null 2>&1; then
    # Without Docker: Podman, its container and network programs, and debootstrap, which creates a base image.
    need podman podman "the engine that builds and runs the images" podman --version
    for tool in buildah runc iptables debootstrap; do
        need "$tool" podman "what Podman needs here" "$tool" --version
    done
    need netavark podman "the containers' network" test -x /usr/lib/podman/netavark
    need aardvark-dns podman "the containers' names" test -x /usr/lib/podman/aardvark-dns
fi

[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 - a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "get them with:  sudo apt-get install$missing    (Debian, Ubuntu)"
    echo "           or:  brew install$homebrew    (macOS)"
    exit 1
fi
