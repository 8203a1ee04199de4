"""An empty stack within this process, with everything that the operators' commands read."""

from datasets import DATASETS
from lake import glue_logs
from lake.object_index.recorder import Recorder
from lake.stacks import LOCAL_STACK
from ops.dead_letters.queues import QUEUES
from ops.jobs.local_log import LocalJobLog
from ops.stack.object_index import QUEUE, TABLE, TOTALS
from ops.stack.published_tables import TABLES as PUBLISHED
from ops.stack.target import Target
from tests.support.aws_in_process import ENDPOINT, session_in_process
from tests.support.emulators import REGION
from tests.support.index_tables import fresh_index_tables


def new_stack():
    """A stack whose resources have their own names."""
    session = session_in_process()
    reach = Target(LOCAL_STACK, {}, session, ENDPOINT)
    sqs, dynamodb, glue = (reach.client(service) for service in ("sqs", "dynamodb", "glue"))
    tables = fresh_index_tables(dynamodb)
    bucket = ledger = tables.index.replace("attributes", "lake")
    reach.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    dynamodb.create_table(
        TableName=ledger,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    job, logs = f"{bucket}-warehouse", {glue_logs.PREFIX_ARGUMENT: f"/{bucket}"}
    glue.create_job(
        Name=job,
        Role="role",
        Command={"Name": "glueetl"},
        DefaultArguments=logs,
    )
    reach.client("logs").create_log_group(logGroupName=glue_logs.log_group(logs, glue_logs.OUTPUT))
    queues = {*(queue.export for queue in QUEUES.values()), QUEUE}
    exports = {
        "lakeBucket": bucket,
        "ledgerTable": ledger,
        TABLE: tables.index,
        TOTALS: tables.totals,
        "collectionSchedules": {"parcels": "group/parcels"},
        "extractionSchedules": {"members": "group/members"},
        "warehouseJob": job,
        PUBLISHED: {name: f"{bucket}.{name}" for name in DATASETS},
        **{export: sqs.create_queue(QueueName=f"{bucket}-{export}")["QueueUrl"] for export in queues},
    }
    return Target(LOCAL_STACK, exports, session, ENDPOINT)


def job_log(target, run):
    """Return the log of a job's run."""
    return LocalJobLog(target, f"/{target.bucket}/{glue_logs.OUTPUT}", run).run_of(target.exports["warehouseJob"])


def recorder_on(target, s3):
    """Return a recorder that writes the index and reads S3's answers."""
    exports = target.exports
    return Recorder(
        s3,
        target.client("dynamodb"),
        bucket=target.bucket,
        index_table=exports[TABLE],
        totals_table=exports[TOTALS],
    )
