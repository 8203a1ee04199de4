#!/bin/sh
# Writes the API's address into nginx's configuration, and starts nginx.
set -eu

# Accept only characters of an address, because the address becomes part of the configuration.
case "$EVENTS_URL" in
    *[!A-Za-z0-9:/._-]* | */)
        echo "EVENTS_URL=$EVENTS_URL is not the address of an API: set it to https://host/stage, without a trailing slash" >&2
        exit 2
        ;;
    http://?* | https://?*) ;;
    *)
        echo "EVENTS_URL=$EVENTS_URL does not start with https:// or http://: set it to https://host/stage" >&2
        exit 2
        ;;
esac
origin=$(printf %s "$EVENTS_URL" | cut -d / -f 1-3)
sed -e "s|@EVENTS_URL@|$EVENTS_URL|" -e "s|@EVENTS_ORIGIN@|$origin|" \
    "${TEMPLATE:-/etc/nginx/nginx.conf.template}" > /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -e stderr -g "daemon off;"
