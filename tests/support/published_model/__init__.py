"""A model of publishing: the real protocol over an index, a lake and tables that are Python values.

The real code of runs (processing.publishing.publish), of the index (lake.object_index) and of the lease is used; only
DynamoDB, S3, the tables and the merge of rows are modelled. At each access to something shared, another process may
run, or a process may be killed.
"""
