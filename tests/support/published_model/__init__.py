"""A model of publishing: the real protocol over an index, a lake and tables that are Python values.

What runs is the real code of runs (processing.publishing.publish), of the index (lake.object_index) and of the lease;
only DynamoDB, S3, the tables and the merge of rows are modelled. Each access to something shared is a point at which
another process may run, or at which a process may be killed.
"""
