"""What was collected: claims, transfers and completions in DynamoDB."""
