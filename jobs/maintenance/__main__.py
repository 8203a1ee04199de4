"""The script that Glue runs for the job `maintenance`; `python -m jobs.maintenance` runs the same code."""

from jobs.maintenance.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
