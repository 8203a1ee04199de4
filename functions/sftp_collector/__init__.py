"""Collects new and changed files from SFTP servers into inbound/.

A file's life, from top to bottom:

1. A worker lists the directory: `listing.list_directory`.
2. The collector's process sorts out what is due: `selection.Selection.sort`.
3. It claims it in the ledger: `small_files.SmallFiles.claim_new`, or for a large file `large_file.begin`.
4. Workers read it and land it: `transfer.put_whole`, or `transfer.put_parts` for ranges of a large file.
5. The collector's process records it: `small_files.SmallFiles.record_landed`, or `large_file.LargeFile.complete` once
   `transfer.check_path` found it unchanged.
6. A worker moves it to the archive, if the dataset has one: `archive.move_to_archive`.

`collect.Collector` decides what comes next, and `worker.Worker` does it.
"""
