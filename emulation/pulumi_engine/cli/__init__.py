"""Pulumi's CLI for the emulator: finds or builds one, and prepares its home and environment."""
