"""How CI's roles could be given more, or reach another stack: each way, tried on the policies of the bootstrap."""
