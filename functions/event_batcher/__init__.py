"""The batcher: what is queued lands in batches under inbound/."""
