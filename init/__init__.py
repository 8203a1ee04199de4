"""Prepares an AWS account before its first `pulumi up`: the state backend, and the roles for CI."""
