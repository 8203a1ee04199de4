"""The receiver: takes posted events and signed callbacks into the queue, and answers 202 only for what is in it."""
