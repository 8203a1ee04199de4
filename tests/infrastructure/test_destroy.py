"""What `pulumi destroy` deletes, and what it leaves."""

import pytest

from tests.support.recording import Graph

CONFIGURE_A_BUCKET = {
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3/bucketOwnershipControls:BucketOwnershipControls",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3/bucketPolicy:BucketPolicy",
    "s3/bucketVersioning:BucketVersioning",
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}
# AWS refuses to delete these while they contain something, unless forced.
DELETED_BY_FORCE = {
    "ecr/repository:Repository": "forceDelete",
    "athena/workgroup:Workgroup": "forceDestroy",
}


def test_retained_bucket_keeps_what_protects_it(prod_graph: Graph) -> None:
    # given
    retained = [bucket for bucket in prod_graph.of_type("s3/bucket:Bucket") if bucket.retain]
    assert len(retained) > 1

    # then
    for bucket in retained:
        kept = {
            kind
            for kind in CONFIGURE_A_BUCKET
            for each in prod_graph.of_type(kind)
            if each.retain and each.inputs["bucket"] in (f"${{{bucket.name}.bucket}}", f"${{{bucket.name}.id}}")
        }
        assert kept == CONFIGURE_A_BUCKET, bucket.name


@pytest.mark.parametrize(("stack", "forced"), [("dev", True), ("prod", False)])
def test_full_registry_is_deleted_unless_data_is_protected(graph_of, stack: str, forced: bool) -> None:
    for kind, force in DELETED_BY_FORCE.items():
        found = graph_of(stack).of_type(kind)
        assert found
        assert {each.inputs[force] for each in found} == {forced}, kind
