"""A person's commands on any stack, by its exports."""
