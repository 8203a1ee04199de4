"""The script that Glue runs for the job `warehouse`; `python -m jobs.warehouse` runs the same code."""

from jobs.warehouse.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
