"""The program of the extraction's container; `python -m jobs.extract_from_sql` runs the same."""

from jobs.extract_from_sql.job import main
from processing.running.job_run import run_script

if __name__ == "__main__":
    run_script(main)
