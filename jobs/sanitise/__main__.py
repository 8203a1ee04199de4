"""The script that Glue runs for the job `sanitise`; `python -m jobs.sanitise` runs the same code."""

from jobs.sanitise.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
