"""Collects new and changed files from SFTP servers into inbound/.

The steps of one file, in order:

1. A worker lists the directory: `listing.list_directory`.
2. The collector's process selects the files that are due: `selection.Selection.sort`.
3. It claims the file in the ledger: `small_files.SmallFiles.claim_new`, or `large_file.begin` for a large file.
4. Workers read the file and land it: `transfer.put_whole`, or `transfer.put_parts` for ranges of a large file.
5. The collector's process records it: `small_files.SmallFiles.record_landed`, or `large_file.LargeFile.complete` after
   `transfer.check_path` found the file unchanged.
6. If the dataset has an archive, a worker moves the file there: `archive.move_to_archive`.

`collect.Collector` decides on the next step, and `worker.Worker` does it.
"""
