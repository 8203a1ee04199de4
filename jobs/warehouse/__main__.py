"""The script that Glue runs for the job `warehouse`; `python -m jobs.warehouse` runs the same."""

from jobs.warehouse.job import main

if __name__ == "__main__":
    main()
