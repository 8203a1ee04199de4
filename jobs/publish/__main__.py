"""The script that Glue runs for the job `publish`; `python -m jobs.publish` runs the same code."""

from jobs.publish.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
