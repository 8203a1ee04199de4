"""The script that Glue runs for the job `mart`; `python -m jobs.mart` runs the same."""

from jobs.mart.job import main

if __name__ == "__main__":
    main()
