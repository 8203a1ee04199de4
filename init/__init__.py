"""What an account has once, before the first `pulumi up`: the state backend, and what CI assumes."""
