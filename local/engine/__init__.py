"""Deploys the Pulumi program, unchanged, into the emulator."""
