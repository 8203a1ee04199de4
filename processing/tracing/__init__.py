"""Where one row is: the same readers, routines and views that the jobs decide by, asked about a single key."""
