"""What every job run shares: arguments, log and metrics."""
