"""The rehearsal's second half: prod, deployed by its workflow's command, and what protects its data to the end."""
