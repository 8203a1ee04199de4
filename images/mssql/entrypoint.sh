#!/bin/bash
# Sets up and seeds SQL Server on the loopback interface, then serves without any password or key in its environment.
# Passwords are never arguments: sqlcmd reads its own and the script's from the environment.
set -euo pipefail

tls=/dev/shm/mssql
seeded=/var/opt/mssql/seeded
setup_seconds=180
sqlcmd=(/opt/mssql-tools18/bin/sqlcmd -S "tcp:127.0.0.1,1433" -C -b -l 5)

refuse() {
    echo "mssql: $1" >&2
    exit 64
}
need() { # need NAME "description"
    [[ -n "${!1:-}" ]] || refuse "$1 is not set: set it to $2"
}
need_password() {
    need "$1" "$2"
    # A statement's text contains the password, and sqlcmd interprets some characters.
    [[ "${!1}" =~ ^[A-Za-z0-9]{12,128}$ ]] || refuse "$1 must have 12 to 128 letters and digits, like the program's own"
}

[[ "${ACCEPT_EULA:-}" == Y ]] ||
    refuse "ACCEPT_EULA is not Y: to run SQL Server, accept Microsoft's licence, go.microsoft.com/fwlink/?LinkId=746388"
need_password MSSQL_SA_PASSWORD "the password of sa, as a secret"
need_password SQL_PASSWORD "the password of the extraction's login, as a secret"
need SQL_CERTIFICATE "the server's certificate (PEM)"
need SQL_SERVER_KEY "the key of the server's certificate (PEM), as a secret"
for name in SQL_DATABASE SQL_USER; do
    [[ "${!name:-}" =~ ^[A-Za-z][A-Za-z0-9_]{0,63}$ ]] || refuse "$name must start with a letter and have only letters, digits and _"
done
[[ "$(stat --file-system --format %T /dev/shm)" == tmpfs ]] || refuse "/dev/shm is not in memory: keys must not be written to disk"

rm -rf "$tls"
mkdir -m 700 "$tls"
(umask 077 && printf '%s\n' "$SQL_CERTIFICATE" >"$tls/server.pem" && printf '%s\n' "$SQL_SERVER_KEY" >"$tls/server.key")
unset SQL_CERTIFICATE SQL_SERVER_KEY

if [[ ! -e "$seeded" ]]; then
    MSSQL_IP_ADDRESS=127.0.0.1 /opt/mssql/bin/sqlservr &
    server=$!
    export SQLCMDPASSWORD="$MSSQL_SA_PASSWORD"
    until "${sqlcmd[@]}" -U sa -Q 'SELECT 1' >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || refuse "SQL Server exited during setup; its log is above"
        ((SECONDS < setup_seconds)) || refuse "SQL Server did not answer within $setup_seconds s; its log is above"
        sleep 1
    done
    for script in /seed/*.sql; do
        echo "mssql: running $script"
        "${sqlcmd[@]}" -U sa -i "$script" >/dev/null || refuse "$script failed"
    done
    kill -TERM "$server"
    wait "$server" || true
    touch "$seeded"
fi
unset MSSQL_SA_PASSWORD SQL_PASSWORD SQLCMDPASSWORD

echo "mssql: seeded; serving $SQL_DATABASE"
exec /opt/mssql/bin/sqlservr
