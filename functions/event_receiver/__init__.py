"""The receiver: puts posted events and signed callbacks into the queue. It answers 202 only after SQS accepted them."""
