"""Pulumi's CLI for the emulator: which one is used, what it needs to find here, and the environment to run it in."""
