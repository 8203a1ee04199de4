"""The library of the jobs: readers, cleansing, checking, storage."""
