"""The small runtime library that functions, jobs and ops share: object keys, the collection ledger, configuration.

It imports neither polars nor pulumi, so that a Lambda function starts fast and a job stays small.
"""
