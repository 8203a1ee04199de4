"""The whole way of a row, an object or an event, from its source to the reports."""
