"""Permissions on buckets, tables, keys, queues, topics and the catalogue."""

from init.grants.grant import Grant, Scope


def storage(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on buckets, artefacts and DynamoDB tables."""
    return (
        Grant(
            "Buckets",
            [f"arn:aws:s3:::{scope.prefix}-*"],
            reads=[
                "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation",
                "s3:GetBucketLogging", "s3:GetBucketNotification", "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
                "s3:ListBucket", "s3:ListTagsForResource",
            ],
            changes=[
                "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging",
                "s3:PutBucketNotification", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:TagResource", "s3:UntagResource",
            ],
        ),
        # Only the artefacts: a deployment needs no access to data.
        Grant(
            "Artefacts",
            [f"arn:aws:s3:::{scope.prefix}-*/code/*"],
            reads=["s3:GetObject", "s3:GetObjectTagging"],
            changes=[
                "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:DeleteObjectVersion",
                "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging",
            ],
        ),
        # The bucket is versioned, and the provider deletes an artefact version by version.
        Grant(
            "ArtefactVersionsAreListed",
            [f"arn:aws:s3:::{scope.prefix}-*"],
            changes=["s3:ListBucketVersions"],
            condition={"StringLike": {"s3:prefix": "code/*"}},
        ),
        Grant(
            "Tables",
            scope.arns("dynamodb", f"table/{scope.prefix}-*"),
            reads=[
                "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
            ],
            changes=[
                "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
                "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
            ],
        ),
    )  # fmt: skip


def keys(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on KMS keys and their aliases."""
    keys = scope.arns("kms", "key/*")
    # Whoever tags a key could use it afterwards. So these conditions exclude keys of stacks and of the bootstrap, and
    # keys with an alias.
    new = {"Null": dict.fromkeys(("aws:ResourceTag/stack", "aws:ResourceTag/made-by", "kms:ResourceAliases"), "true")}
    return (
        Grant("KeysAreMadeWithTheStacksTag", ["*"], changes=["kms:CreateKey"], condition=scope.tagging),
        # CreateKey with tags requires kms:TagResource on any key, before the key and its tags exist:
        # docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
        Grant("NewKeysAreTagged", ["*"], changes=["kms:TagResource"], condition={**scope.tagging, **new}),
        Grant("KeyAliasesAreListed", ["*"], reads=["kms:ListAliases"]),
        Grant(
            "Keys",
            keys,
            reads=["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
            secrets=["kms:Decrypt"],
            changes=[
                "kms:CreateAlias", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:Encrypt",
                "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
                "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
                "kms:UpdateKeyDescription",
            ],
            condition=scope.tagged,
        ),
        # DynamoDB and ECR use the key through a grant. Creating a table or repository creates the grant, and deleting a
        # repository retires it.
        Grant(
            "KeysAreGrantedToServices",
            keys,
            changes=["kms:CreateGrant"],
            condition={**scope.tagged, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        Grant(
            "KeyAliases",
            scope.arns("kms", f"alias/{scope.prefix}*"),
            changes=["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        ),
    )  # fmt: skip


def queues(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on queues and topics."""
    return (
        Grant(
            "Queues",
            scope.arns("sqs", f"{scope.prefix}-*"),
            reads=["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
            changes=[
                "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
            ],
        ),
        Grant(
            "Topics",
            scope.arns("sns", f"{scope.prefix}-*"),
            reads=["sns:GetTopicAttributes", "sns:ListTagsForResource"],
            changes=[
                "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource",
                "sns:UntagResource",
            ],
        ),
        # None of these actions supports resources.
        Grant(
            "Subscriptions",
            ["*"],
            reads=["sns:GetSubscriptionAttributes"],
            changes=["sns:SetSubscriptionAttributes", "sns:Unsubscribe"],
        ),
    )  # fmt: skip


def catalogue(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on the catalogue, the Glue jobs that fill it and the workgroups that read it."""
    database = f"{scope.prefix.replace('-', '_')}_*"
    return (
        Grant(
            "Catalogue",
            scope.arns(
                "glue",
                "catalog",
                f"database/{database}",
                f"table/{database}/*",
                f"userDefinedFunction/{database}/*",
            ),
            reads=[
                "glue:GetDatabase", "glue:GetPartitionIndexes", "glue:GetTable", "glue:GetTags",
                "glue:GetUserDefinedFunctions",
            ],
            changes=[
                "glue:CreateDatabase", "glue:CreateTable", "glue:DeleteDatabase", "glue:DeleteTable",
                "glue:TagResource", "glue:UntagResource", "glue:UpdateDatabase", "glue:UpdateTable",
            ],
        ),
        Grant(
            "Jobs",
            scope.arns("glue", *(f"{kind}/{scope.prefix}-*" for kind in ("job", "trigger", "workflow"))),
            reads=["glue:GetJob", "glue:GetTags", "glue:GetTrigger", "glue:GetWorkflow"],
            changes=[
                "glue:CreateJob", "glue:CreateTrigger", "glue:CreateWorkflow", "glue:DeleteJob", "glue:DeleteTrigger",
                "glue:DeleteWorkflow", "glue:StartTrigger", "glue:StopTrigger", "glue:TagResource",
                "glue:UntagResource", "glue:UpdateJob", "glue:UpdateTrigger", "glue:UpdateWorkflow",
            ],
        ),
        Grant(
            "Workgroups",
            scope.arns("athena", f"workgroup/{scope.prefix}-*"),
            reads=["athena:GetWorkGroup", "athena:ListTagsForResource"],
            changes=[
                "athena:CreateWorkGroup", "athena:DeleteWorkGroup", "athena:TagResource", "athena:UntagResource",
                "athena:UpdateWorkGroup",
            ],
        ),
    )  # fmt: skip
