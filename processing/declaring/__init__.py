"""The declarations in the files of datasets and reports."""
