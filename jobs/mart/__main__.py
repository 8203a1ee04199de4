"""The script that Glue runs for the job `mart`; `python -m jobs.mart` runs the same."""

from jobs.job_run import run_script
from jobs.mart.job import main

if __name__ == "__main__":
    run_script(main)
