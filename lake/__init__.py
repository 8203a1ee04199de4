"""The small library that functions, jobs and ops share: object keys, the collection ledger, configuration.

It imports neither polars nor pulumi, so that Lambda functions start fast and job packages stay small.
"""
