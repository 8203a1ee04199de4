"""History files to published tables, without processing objects before."""
