"""The browser for tests."""

from typing import Final

CHROMIUM_FLAGS: Final = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    # The other arguments stop requests that a browser makes to other hosts for itself.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
