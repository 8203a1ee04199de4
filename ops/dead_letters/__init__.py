"""Dead-letter queues: look, redrive, discard."""
