"""The browser of the tests."""

from typing import Final

CHROMIUM_FLAGS: Final = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    # The rest is what a browser does for itself, and asks other hosts for.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
