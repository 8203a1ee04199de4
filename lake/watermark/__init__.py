"""The watermarks in DynamoDB: how far each SQL table was extracted."""
