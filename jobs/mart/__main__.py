"""The script that Glue runs for the job `mart`; `python -m jobs.mart` runs the same code."""

from jobs.mart.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
