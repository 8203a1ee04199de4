#!/bin/bash
# Healthy once the extraction's login can read the table. Before the data is complete, only the set-up's own server
# runs, so this first checks for the mark of a finished set-up.
set -euo pipefail
[[ -e /var/opt/mssql/seeded ]]
SQLCMDPASSWORD="$SQL_PASSWORD" exec /opt/mssql-tools18/bin/sqlcmd -S tcp:127.0.0.1,1433 -C -b -l 5 \
    -U "$SQL_USER" -d "$SQL_DATABASE" -Q 'SELECT TOP 1 id FROM customer.person' -o /dev/null
