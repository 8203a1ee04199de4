#!/bin/sh
# Writes the keys to memory, where only sshd reads them, and starts sshd without the keys in its environment.
set -eu

keys=/dev/shm/sftp
refuse() {
    echo "sftp: $1" >&2
    exit 64
}

[ -n "${SFTP_HOST_KEY:-}" ] || refuse "SFTP_HOST_KEY is not set: set it to the server's private RSA key (PEM), as a secret"
[ -n "${SFTP_AUTHORIZED_KEYS:-}" ] ||
    refuse "SFTP_AUTHORIZED_KEYS is not set: set it to the public keys that may sign in, one per line"
[ "$(stat --file-system --format %T /dev/shm)" = tmpfs ] || refuse "/dev/shm is not in memory: keys must not be written to disk"

rm -rf "$keys"
mkdir -m 755 "$keys"
(umask 077 && printf '%s\n' "$SFTP_HOST_KEY" >"$keys/host_key")
# sshd reads this file as the user who logs in.
(umask 022 && printf '%s\n' "$SFTP_AUTHORIZED_KEYS" >"$keys/authorized_keys")
unset SFTP_HOST_KEY SFTP_AUTHORIZED_KEYS

ssh-keygen -y -P '' -f "$keys/host_key" >/dev/null 2>&1 || refuse "SFTP_HOST_KEY is not a private key without a passphrase"
# A container engine may mount an empty file system at /run.
[ -d /run/sshd ] || mkdir /run/sshd
/usr/sbin/sshd -t || refuse "sshd rejects its configuration; its message is above"
exec /usr/sbin/sshd -D -e
