"""The program of the extraction's container; `python -m jobs.extract_from_sql` runs the same code."""

from jobs.extract_from_sql.job import main
from jobs.extract_from_sql.process import run_process

if __name__ == "__main__":
    run_process(main)
