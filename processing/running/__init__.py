"""What all job runs share: arguments, log and metrics."""
