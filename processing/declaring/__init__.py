"""What a dataset's or a report's file declares."""
