"""The batcher: writes queued events to inbound/ in batches."""
