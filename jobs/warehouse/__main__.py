"""The script that Glue runs for the job `warehouse`; `python -m jobs.warehouse` runs the same."""

from jobs.job_run import run_script
from jobs.warehouse.job import main

if __name__ == "__main__":
    run_script(main)
