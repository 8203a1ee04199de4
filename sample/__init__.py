"""Generated data of the sample business, a vehicle retailer."""
