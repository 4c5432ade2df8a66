"""Least privilege as it stands in the templates, and the evaluator that holds calls against it."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.environments import LAYERS, load_environment, template, template_body
from infra.policies import (
    ROLE_LAYERS,
    Call,
    Statement,
    implied,
    refused,
    resolve,
    statements,
    supports_resources,
    unused,
)

ACCOUNT, REGION = "123456789012", "ap-south-1"
NAMES = load_environment("prod", ACCOUNT).values | {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    "WorkgroupArn": f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/1",
    "RepositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/lead-conversion-training",
    "PrivateSubnetA": "subnet-a",
    "PrivateSubnetB": "subnet-b",
    "SecurityGroup": "sg-1",
    "MlflowClients": "sg-2",
    "aws:userid": "${aws:userid}",
}
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
POLICIES = statements(NAMES)
ROLES = {
    name: resource["Properties"]
    for layer in ROLE_LAYERS
    for name, resource in template(layer)["Resources"].items()
    if resource["Type"] == "AWS::IAM::Role"
}
NO_SOURCE_ARN = {
    "Mlflow": "ec2.amazonaws.com",
    "Role": "redshift.amazonaws.com",
}
"""Roles whose service does not send aws:SourceArn; the reason stands beside their trust policy."""


def test_no_role_has_a_policy_of_somebody_elses_making() -> None:
    assert not [
        name for name, role in ROLES.items() if "ManagedPolicyArns" in role
    ]


def test_permissions_stand_in_the_roles_themselves_where_these_tests_read_them() -> (
    None
):
    iam = {
        (layer, resource["Type"])
        for layer in LAYERS
        for resource in template(layer)["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
    }
    assert {layer for layer, kind in iam if kind == "AWS::IAM::Role"} == set(
        ROLE_LAYERS
    )
    assert {kind for _, kind in iam} == {
        "AWS::IAM::Role",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::OIDCProvider",
    }
    assert "FullAccess" not in "".join(map(template_body, LAYERS))


def test_no_statement_says_what_is_not_meant() -> None:
    given = [
        statement
        for role in ROLES.values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert {key for statement in given for key in statement} == {
        "Sid",
        "Effect",
        "Action",
        "Resource",
        "Condition",
    }


def test_a_role_is_passed_on_by_name_and_to_one_service() -> None:
    passing = {
        one.sid: one for one in POLICIES if "iam:PassRole" in one.actions
    }
    to = {
        sid: one.condition["StringEquals"]["iam:PassedToService"]
        for sid, one in passing.items()
    }
    assert to == {
        "HandOnTheGlueRole": "glue.amazonaws.com",
        "HandOnSageMakersRoles": "sagemaker.amazonaws.com",
    }
    assert {one.actions for one in passing.values()} == {("iam:PassRole",)}
    roles = {
        resource.rsplit("/", 1)[-1]
        for one in passing.values()
        for resource in one.resources
    }
    assert roles == {
        NAMES["GlueRole"],
        NAMES["TrainingRole"],
        NAMES["EndpointRole"],
    }


def test_no_statement_allows_a_whole_service() -> None:
    assert not [
        one
        for one in POLICIES
        for action in one.actions
        if action.endswith((":*", "*:*")) or action == "*"
    ]


def test_all_resources_stand_only_where_aws_allows_nothing_else() -> None:
    broad = {
        action
        for one in POLICIES
        if one.resources == ("*",)
        for action in one.actions
    }
    # Its only resource is a dataset of metrics, which these are not; the namespace is its condition.
    reasons = {"cloudwatch:PutMetricData"}
    assert {action for action in broad if supports_resources(action)} == reasons


@pytest.mark.parametrize("layer", ROLE_LAYERS)
def test_every_star_has_its_reason_beside_it(layer: str) -> None:
    lines = [
        line
        for line in template_body(layer).splitlines()
        if re.search(r'Resource: "\*"', line)
    ]
    assert [line for line in lines if "#" not in line] == []


@pytest.mark.parametrize("name", sorted(set(ROLES) - {"Deploy"}))
def test_a_service_assumes_a_role_only_for_this_account(name: str) -> None:
    (trust,) = ROLES[name]["AssumeRolePolicyDocument"]["Statement"]
    keys = {
        key
        for operator in trust.get("Condition", {}).values()
        for key in operator
    }
    if name in NO_SOURCE_ARN:
        assert NO_SOURCE_ARN[name] in trust["Principal"]["Service"]
        assert "aws:SourceArn" not in keys
    else:
        assert keys == {"aws:SourceAccount", "aws:SourceArn"}


def test_github_assumes_its_role_only_from_the_repositorys_own_environment() -> (
    None
):
    (trust,) = ROLES["Deploy"]["AssumeRolePolicyDocument"]["Statement"]
    conditions = resolve(
        trust["Condition"], NAMES | {"GithubRepository": "acme/leads"}
    )
    assert conditions == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:acme/leads:environment:prod",
        }
    }


def test_a_reference_that_nobody_gives_is_an_error() -> None:
    with pytest.raises(KeyError):
        resolve({"Ref": "Nothing"}, {})


def allow(action: str, resource: str, **condition: dict[str, str]) -> Statement:
    return Statement("r", "S", "Allow", (action,), (resource,), condition)


def test_a_call_is_refused_where_no_statement_allows_it() -> None:
    call = Call("r", "s3:GetObject", ("arn:aws:s3:::b/k",))
    assert refused(call, [allow("s3:GetObject", "arn:aws:s3:::b/*")]) == ()
    assert refused(call, [allow("s3:PutObject", "arn:aws:s3:::b/*")]) == (
        "arn:aws:s3:::b/k",
    )
    assert refused(call, [allow("s3:GetObject", "arn:aws:s3:::other/*")]) == (
        "arn:aws:s3:::b/k",
    )
    assert refused(
        Call("other", call.action, call.resources), [allow("s3:GetObject", "*")]
    ) == ("arn:aws:s3:::b/k",)


def test_a_deny_outweighs_every_allow() -> None:
    deny = Statement("r", "D", "Deny", ("s3:*",), ("arn:aws:s3:::b/secret/*",))
    call = Call("r", "s3:GetObject", ("arn:aws:s3:::b/secret/k",))
    assert refused(call, [allow("s3:GetObject", "*"), deny]) == call.resources


def test_a_condition_that_does_not_hold_allows_nothing() -> None:
    statement = allow(
        "iam:PassRole",
        "*",
        StringEquals={"iam:PassedToService": "glue.amazonaws.com"},
    )
    glue = Call(
        "r",
        "iam:PassRole",
        ("arn:x",),
        (("iam:PassedToService", "glue.amazonaws.com"),),
    )
    assert refused(glue, [statement]) == ()
    assert refused(Call("r", "iam:PassRole", ("arn:x",)), [statement]) == (
        "arn:x",
    )


def test_an_action_without_resources_is_asked_for_on_all_of_them() -> None:
    call = Call("r", "glue:CreateCrawler", ("arn:aws:glue:x:1:crawler/c",))
    assert refused(
        call, [allow("glue:CreateCrawler", "arn:aws:glue:x:1:crawler/c")]
    ) == ("*",)
    assert refused(call, [allow("glue:CreateCrawler", "*")]) == ()


def test_what_is_allowed_and_never_used_is_named() -> None:
    policies = [allow("s3:GetObject", "*"), allow("s3:PutObject", "*")]
    assert unused(
        policies, [Call("r", "s3:GetObject", ("arn:aws:s3:::b/k",))]
    ) == [("r", "S", "s3:PutObject")]


PERMISSIONS = [
    (one, action)
    for one in POLICIES
    if one.effect == "Allow"
    for action in one.actions
]


def like(pattern: str) -> str:
    """Something that a pattern of IAM takes."""
    return pattern.replace("?", "a").replace("*", "x")


def calls_for(statement: Statement, action: str) -> Iterator[Call]:
    """A call on each of a statement's resources, made as its conditions want it."""
    context = {
        key: like(values if isinstance(values, str) else values[0])
        for keys in statement.condition.values()
        for key, values in keys.items()
        if "${" not in str(values)
    }
    for resource in statement.resources:
        yield Call(
            statement.role,
            action.rstrip("*"),
            (like(resource),),
            tuple(context.items()),
        )


@pytest.mark.parametrize(
    ("statement", "action"),
    PERMISSIONS,
    ids=[f"{one.role} {one.sid} {action}" for one, action in PERMISSIONS],
)
def test_a_permission_is_missed_when_it_is_taken_away(
    statement: Statement, action: str
) -> None:
    """What this refuses without the permission it allows with it; none stands in the templates twice."""
    calls = list(calls_for(statement, action))
    less = replace(
        statement,
        actions=tuple(one for one in statement.actions if one != action),
    )
    without = [less if one is statement else one for one in POLICIES]
    assert [call for call in calls if refused(call, POLICIES)] == []
    assert [call for call in calls if refused(call, without)], (
        "another statement allows all of it too"
    )


def test_mwaa_may_do_in_its_role_what_aws_documents_and_no_more() -> None:
    """No call of a DAG needs these, so none would miss them: the list of AWS's page on MWAA's execution role."""
    services = {
        "airflow": ["PublishMetrics"],
        "cloudwatch": ["PutMetricData"],
        "kms": ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*"],
        "logs": [
            "CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "GetLogEvents", "GetLogGroupFields",
            "GetLogRecord", "GetQueryResults", "PutLogEvents",
        ],
        "s3": [
            "GetAccountPublicAccessBlock", "GetBucketLocation", "GetBucketPublicAccessBlock", "GetBucketVersioning",
            "GetEncryptionConfiguration", "GetObject", "GetObjectVersion", "ListBucket", "ListBucketVersions",
        ],
        "sqs": [
            "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage",
            "SendMessage",
        ],
    }  # fmt: skip
    (policy,) = [
        one
        for one in ROLES["Mwaa"]["Policies"]
        if one["PolicyName"] == "environment"
    ]
    given = [one["Action"] for one in policy["PolicyDocument"]["Statement"]]
    found = {
        action
        for some in given
        for action in ([some] if isinstance(some, str) else some)
    }
    documented = {
        f"{service}:{name}"
        for service, names in services.items()
        for name in names
    }
    # Connections and variables: the secrets backend, which AWS describes on a page of its own.
    assert found == documented | {"secretsmanager:GetSecretValue"}


def test_people_in_studio_read_leads_and_query_redshift_and_write_nothing() -> (
    None
):
    """Guide 10.1 step 6; the role that trains is another's."""
    own = {
        action.split(":")[1]
        for one in POLICIES
        if one.role == NAMES["StudioRole"]
        for action in one.actions
    }
    assert {
        "GetObject",
        "ExecuteStatement",
        "GetStatementResult",
        "CreateApp",
    } <= own
    assert not [
        action
        for action in own
        if action.startswith(
            ("Put", "Pass", "CreateTraining", "CreateEndpoint")
        )
    ]
    assert (
        not {"DeleteObject", "GenerateDataKey", "BatchExecuteStatement"} & own
    )
    domain = template("sagemaker")["Resources"]["Domain"]["Properties"]
    assert domain["DefaultUserSettings"]["ExecutionRole"] == {
        "Ref": "StudioRoleArn"
    }


SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


@pytest.mark.parametrize("action", ["CreateEndpoint", "UpdateEndpoint"])
def test_the_dags_may_change_the_projects_endpoint_and_no_other(
    action: str,
) -> None:
    def call(endpoint: str) -> Call:
        resources = (
            f"{SAGEMAKER}:endpoint-config/{endpoint}-contact-7-12345678",
            f"{SAGEMAKER}:endpoint/{endpoint}",
        )
        return Call("mwaa-execution-role", f"sagemaker:{action}", resources)

    assert refused(call("lead-conversion"), POLICIES) == ()
    assert (
        refused(call("somebody-elses"), POLICIES)
        == call("somebody-elses").resources
    )


def test_the_endpoint_reads_its_champions_and_no_lead() -> None:
    bucket = f"arn:aws:s3:::{NAMES['Bucket']}"
    role = NAMES["EndpointRole"]
    archive = Call(
        role,
        "s3:GetObject",
        (f"{bucket}/model-artifacts/endpoint/r/model.tar.gz",),
    )
    leads = Call(
        role,
        "s3:GetObject",
        (f"{bucket}/processed-data/open/r/0000_part_00.parquet",),
    )
    captured = Call(
        role,
        "s3:PutObject",
        (f"{bucket}/processed-data/endpoint-capture/e/champion/1.jsonl",),
    )
    assert [
        bool(refused(call, POLICIES)) for call in (archive, leads, captured)
    ] == [False, True, False]


def test_the_dags_may_delete_scores_and_nothing_else() -> None:
    bucket = f"arn:aws:s3:::{NAMES['Bucket']}"
    scores, raw = (
        f"{bucket}/{key}"
        for key in ("processed-data/scores/r/scores.parquet", "raw-data/a.csv")
    )
    assert (
        refused(
            Call("mwaa-execution-role", "s3:DeleteObject", (scores,)), POLICIES
        )
        == ()
    )
    assert refused(
        Call("mwaa-execution-role", "s3:DeleteObject", (raw,)), POLICIES
    ) == (raw,)


def test_reading_an_encrypted_object_asks_for_its_key() -> None:
    call = Call("glueaccessrole", "s3:GetObject", ("arn:aws:s3:::b/k",))
    (decrypt,) = implied(call, NAMES["KeyArn"], REGION)
    assert refused(decrypt, POLICIES) == ()
    assert refused(
        Call("glueaccessrole", "kms:Decrypt", (NAMES["KeyArn"],)), POLICIES
    ) == (NAMES["KeyArn"],)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (
            "secretsmanager:GetSecretValue",
            f"{SECRETS}:{NAMES['ApiKeysSecret']}-AbCdEf",
        ),
        ("s3:PutObject", f"arn:aws:s3:::{NAMES['Bucket']}/feedback/1.json"),
        ("s3:ListBucket", f"arn:aws:s3:::{NAMES['Bucket']}"),
    ],
)
def test_the_scoring_api_may_read_its_keys_and_keep_feedback_and_no_more(
    action: str, resource: str
) -> None:
    role = NAMES["ApiRole"]
    assert refused(Call(role, action, (resource,)), POLICIES) == ()
    elsewhere = resource.replace(
        NAMES["ApiKeysSecret"], NAMES["RedshiftSecret"]
    ).replace(":::", ":::x")
    assert refused(Call(role, action, (elsewhere,)), POLICIES) == (elsewhere,)


@pytest.mark.parametrize(
    ("role", "action", "key", "allowed"),
    [
        (
            "scoring-api-role",
            "s3:GetObject",
            "processed-data/desk/current.json.gz",
            True,
        ),
        (
            "scoring-api-role",
            "s3:GetObject",
            "processed-data/published/leads.parquet",
            True,
        ),
        (
            "mwaa-execution-role",
            "s3:PutObject",
            "processed-data/published/current.json.gz",
            True,
        ),
        (
            "glueaccessrole",
            "s3:PutObject",
            "processed-data/load=1-published/rates.json.gz",
            True,
        ),
        (
            "scoring-api-role",
            "s3:GetObject",
            "reports/feedback/latest.json",
            True,
        ),
        (
            "scoring-api-role",
            "s3:GetObject",
            "reports/champions/lead-conversion-classifier.json",
            True,
        ),
        *(
            (role, "s3:PutObject", "reports/champions/m.json", False)
            for role in ("scoring-api-role", "mlflow-role", "glueaccessrole")
        ),
        (
            "scoring-api-role",
            "s3:GetObject",
            "processed-data/desk/run/0000_part_00.parquet",
            False,
        ),
        (
            "scoring-api-role",
            "s3:GetObject",
            "processed-data/snapshots/run/0000_part_00.parquet",
            False,
        ),
        ("scoring-api-role", "s3:GetObject", "feedback/0.json", False),
        (
            "scoring-api-role",
            "s3:PutObject",
            "processed-data/desk/current.json.gz",
            False,
        ),
        ("mwaa-execution-role", "s3:GetObject", "feedback/0.json", True),
        (
            "mwaa-execution-role",
            "s3:PutObject",
            "quarantine/feedback/0.json.json",
            True,
        ),
        ("mwaa-execution-role", "s3:PutObject", "feedback/0.json", False),
        ("mwaa-execution-role", "s3:DeleteObject", "feedback/0.json", False),
    ],
)
def test_the_desk_reads_its_list_and_nobody_but_the_api_writes_feedback(
    role: str, action: str, key: str, allowed: bool
) -> None:
    call = Call(role, action, (f"arn:aws:s3:::{NAMES['Bucket']}/{key}",))
    assert (not refused(call, POLICIES)) == allowed


BUCKETS = re.compile(r"arn:aws:s3:::")


def test_a_prefix_in_s3_is_exact() -> None:
    """A star at the beginning of a key matches anywhere in it: `*feedback/*` is `raw-data/feedback/x.csv` too."""
    patterns = {
        resource
        for one in POLICIES
        for resource in one.resources
        if BUCKETS.match(resource)
    }
    assert patterns
    assert not [one for one in patterns if re.search(r"\*.*/", one)]


@pytest.mark.parametrize(
    ("role", "action", "key"),
    [
        ("ApiRole", "s3:PutObject", "raw-data/2026/feedback/x.csv"),
        ("ApiRole", "s3:PutObject", "x/feedback/0.json"),
        ("ApiRole", "s3:GetObject", "x/processed-data/desk/current.json.gz"),
        ("GlueRole", "s3:PutObject", "raw-data/quarantine/x.csv"),
        ("GlueRole", "s3:PutObject", "feedback/processed-data/x.json"),
        ("MwaaRole", "s3:PutObject", "raw-data/reports/x.csv"),
        ("MwaaRole", "s3:DeleteObject", "raw-data/processed-data/scores/x"),
        ("TrainingRole", "s3:PutObject", "x/model-artifacts/sagemaker/r/m"),
        ("RedshiftRole", "s3:PutObject", "raw-data/processed-data/x.parquet"),
    ],
)
def test_a_folder_of_the_same_name_elsewhere_is_refused(
    role: str, action: str, key: str
) -> None:
    call = Call(NAMES[role], action, (f"arn:aws:s3:::{NAMES['Bucket']}/{key}",))
    assert refused(call, POLICIES) == call.resources


def test_a_contracts_own_prefix_comes_before_every_other_one() -> None:
    policies = statements(NAMES | {"ContractPrefix": "bank/"})
    bucket = f"arn:aws:s3:::{NAMES['Bucket']}"

    def put(key: str) -> Call:
        return Call(NAMES["ApiRole"], "s3:PutObject", (f"{bucket}/{key}",))

    assert refused(put("bank/feedback/0.json"), policies) == ()
    assert refused(put("feedback/0.json"), policies)


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("model-artifacts/mlflow/1/abc/artifacts/model.pkl", True),
        ("model-artifacts/endpoint/r/model.tar.gz", False),
        ("model-artifacts/sagemaker/r/job/output/model.tar.gz", False),
    ],
)
def test_the_mlflow_server_keeps_artifacts_under_a_prefix_of_its_own(
    key: str, allowed: bool
) -> None:
    resource = f"arn:aws:s3:::{NAMES['Bucket']}/{key}"
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        call = Call(NAMES["MlflowRole"], action, (resource,))
        assert (not refused(call, POLICIES)) == allowed
    unit = template_body("tracking")
    assert "s3://${Bucket}/${ArtifactsPrefix}/mlflow\n" in unit


@pytest.mark.parametrize(
    ("role", "accounts", "trusts"),
    [
        ("MwaaRole", {"writer", "reader"}, True),
        ("TrainingRole", {"writer"}, True),
        ("ApiRole", {"reader"}, True),
        ("StudioRole", {"reader"}, True),
        ("MlflowRole", {"writer", "reader"}, False),
        ("GlueRole", set(), False),
        ("EndpointRole", set(), False),
    ],
)
def test_who_writes_in_mlflow_and_who_reads(
    role: str, accounts: set[str], trusts: bool
) -> None:
    def may(action: str, resource: str) -> bool:
        return not refused(Call(NAMES[role], action, (resource,)), POLICIES)

    secrets = f"{SECRETS}:{NAMES['SecretsPrefix']}/mlflow"
    known = {
        account
        for account in ("writer", "reader")
        if may("secretsmanager:GetSecretValue", f"{secrets}/{account}-AbCdEf")
    }
    assert known == accounts
    certificate = (
        f"arn:aws:s3:::{NAMES['Bucket']}/model-artifacts/mlflow-tls/"
        "certificate.pem"
    )
    assert may("s3:GetObject", certificate) == trusts
    assert may("s3:PutObject", certificate) == (role == "MlflowRole")


def test_no_job_of_glue_reads_a_secret_or_reaches_the_network() -> None:
    services = {
        action.split(":")[0]
        for one in POLICIES
        if one.role == NAMES["GlueRole"]
        for action in one.actions
    }
    assert services == {"s3", "kms", "glue", "logs", "cloudwatch"}


@pytest.mark.parametrize(
    "key",
    [
        "processed-data_$folder$",
        "processed-data/load=1_$folder$",
        "quarantine_$folder$",
        "reports_$folder$",
        "reports/loads/1_$folder$",
    ],
)
def test_spark_may_mark_folders_as_emrfs_does(key: str) -> None:
    """EMRFS writes `<folder>_$folder$` beside every folder it makes, the topmost included."""
    prefixes = {
        "processed-data": NAMES["ProcessedPrefix"],
        "quarantine": NAMES["QuarantinePrefix"],
        "reports": NAMES["ReportsPrefix"],
    }
    first = key.split("/")[0].removesuffix("_$folder$")
    name = key.replace(first, prefixes[first], 1)
    resource = f"arn:aws:s3:::{NAMES['Bucket']}/{name}"
    call = Call(NAMES["GlueRole"], "s3:PutObject", (resource,))
    assert refused(call, POLICIES) == ()


def test_studios_database_user_gets_the_readers_role_by_its_tag() -> None:
    """Redshift Serverless reads database roles from it: redshift-iam-access-federated-db-roles.html."""
    tags = resolve(ROLES["Studio"]["Tags"], NAMES)
    assert tags == [{"Key": "RedshiftDbRoles", "Value": "leads_reader"}]
