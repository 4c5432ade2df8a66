"""Policies and lifecycle rules follow the contracts in force, and nothing changes where there is one."""

from dataclasses import replace
from pathlib import Path

import pytest

from include.contract.in_force import settings_of
from include.settings import Settings
from infra import preflight
from infra.environments import (
    LAYERS,
    load_environment,
    template_body,
    template_with,
)
from infra.policies import Call, refused, statements
from tests.infra.test_policies import NAMES, POLICIES

PARTNERS = {"big_partners": "partners/"}
FURTHER = statements(NAMES, PARTNERS)
BUCKET = f"arn:aws:s3:::{NAMES['Bucket']}"


@pytest.mark.parametrize("layer", LAYERS)
def test_a_template_for_one_contract_is_the_file_itself(layer: str) -> None:
    file = Path("infra/templates") / f"{layer}.yaml"
    assert template_body(layer, {}) == file.read_text()
    assert load_environment("prod", "123456789012").contracts == {}


CALLS = [
    ("MwaaRole", "s3:GetObject", "raw-data/x.csv"),
    ("MwaaRole", "s3:PutObject", "reports/gate/r/contact.json"),
    ("MwaaRole", "s3:DeleteObject", "processed-data/snapshots/r/x.parquet"),
    ("GlueRole", "s3:PutObject", "processed-data/load=1/x.parquet"),
    ("GlueRole", "s3:GetObject", "scripts/partners.json"),
    ("RedshiftRole", "s3:GetObject", "processed-data/load=1/x.parquet"),
    ("ApiRole", "s3:PutObject", "feedback/0.json"),
    ("TrainingRole", "s3:PutObject", "model-artifacts/sagemaker/r/m"),
]


@pytest.mark.parametrize(("role", "action", "key"), CALLS)
def test_a_role_may_do_in_a_further_contracts_folders_what_it_may_in_the_first_ones(
    role: str, action: str, key: str
) -> None:
    for prefix, policies, allowed in (
        ("", FURTHER, True),
        ("partners/", FURTHER, True),
        ("partners/", POLICIES, False),
        ("strangers/", FURTHER, False),
        ("partners/inside/", FURTHER, False),
    ):
        resource = f"{BUCKET}/{prefix}{key}"
        call = Call(NAMES[role], action, (resource,))
        assert (not refused(call, policies)) == allowed, (prefix, allowed)


def test_glue_and_sagemaker_objects_of_a_further_contract_are_allowed_by_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "big_partners.yaml").touch()
    own = settings_of(Settings(contracts_folder=str(tmp_path)), "big_partners")
    place = f"{NAMES['AWS::Region']}:{NAMES['AWS::AccountId']}"
    for action, resource in (
        ("glue:StartCrawler", f"glue:{place}:crawler/{own.glue.crawler}"),
        ("glue:StartJobRun", f"glue:{place}:job/{own.glue.job}"),
        ("glue:StartJobRun", f"glue:{place}:job/{own.glue.scoring_job}"),
        (
            "sagemaker:InvokeEndpoint",
            f"sagemaker:{place}:endpoint/{own.endpoint.name}",
        ),
    ):
        call = Call(NAMES["MwaaRole"], action, (f"arn:aws:{resource}",))
        assert refused(call, FURTHER) == (), action
        assert refused(call, POLICIES), action


def test_every_lifecycle_rule_of_a_contracts_folder_has_one_for_each_contract() -> (
    None
):
    def rules(contracts: dict[str, str]) -> dict[str, str]:
        bucket = template_with("storage", contracts)["Resources"]
        (leads,) = [
            resource["Properties"]["LifecycleConfiguration"]["Rules"]
            for resource in bucket.values()
            if "ContractPrefix" in str(resource)
        ]
        return {rule["Id"]: rule for rule in leads}

    alone = rules({})
    both = rules(PARTNERS)
    of_contracts = {
        name for name, rule in alone.items() if "ContractPrefix" in str(rule)
    }
    assert of_contracts
    copies = {f"{name}-big_partners" for name in of_contracts}
    assert set(both) == set(alone) | copies
    for name in of_contracts:
        own = str(both[f"{name}-big_partners"])
        expected = str(alone[name]).replace("${ContractPrefix}", "partners/")
        assert own == expected.replace(f"'{name}'", f"'{name}-big_partners'")


def further(count: int) -> dict[str, str]:
    return {
        f"partners_{number}": f"partners_{number}/" for number in range(count)
    }


@pytest.mark.parametrize("stage", ["prod", "dev"])
@pytest.mark.parametrize("length", [2, 40])
def test_ten_contracts_fit_however_long_their_names_are(
    stage: str, length: int
) -> None:
    names = {
        f"{number}".rjust(length, "p"): f"{number}".rjust(length, "p") + "/"
        for number in range(1, 10)
    }
    environment = load_environment(stage, "123456789012")
    assert (
        list(preflight.contracts(replace(environment, contracts=names))) == []
    )


def test_too_many_contracts_are_found_before_a_change() -> None:
    stage = load_environment("prod", "123456789012")
    findings = list(preflight.contracts(replace(stage, contracts=further(40))))
    assert findings
    assert all("41 contracts are too many" in finding for finding in findings)
    of_mwaa = [line for line in findings if NAMES["MwaaRole"] in line]
    assert "14 managed policies, and IAM attaches 10" in of_mwaa[0]


def as_contract(
    call: Call, name: str, prefix: str, names: dict[str, str]
) -> Call:
    """Return a recorded call of the stage's contract as a further contract makes it; what all share stays."""
    lake = f"arn:aws:s3:::{names['Bucket']}/"
    shared = (
        f"{lake}{names['ArtifactsPrefix']}/mlflow/",
        f"{lake}{names['ArtifactsPrefix']}/mlflow-tls/",
    )
    jobs = {
        f":crawler/{names['GlueCrawler']}": f"-{name}",
        f":job/{names['GlueJob']}": f"-{name}",
        f":job/{names['GlueScoringJob']}": f"-{name}",
        f":endpoint/{names['EndpointName']}": f"-{name.replace('_', '-')}",
    }
    resources = []
    for resource in call.resources:
        if resource.startswith(lake) and not resource.startswith(shared):
            resources.append(lake + prefix + resource.removeprefix(lake))
            continue
        suffix = "".join(
            text for end, text in jobs.items() if resource.endswith(end)
        )
        resources.append(resource + suffix)
    return replace(call, resources=tuple(resources))


NINE = further(9)
OF_TEN = statements(NAMES, NINE)


@pytest.mark.parametrize(("role", "action", "key"), CALLS)
def test_with_ten_contracts_a_role_may_do_in_each_what_it_may_in_the_first_one(
    role: str, action: str, key: str
) -> None:
    for prefix in ("", *NINE.values()):
        call = Call(NAMES[role], action, (f"{BUCKET}/{prefix}{key}",))
        assert refused(call, OF_TEN) == (), prefix
    for prefix in ("partners/", "partners_1", "partners_10/", "partners_1/x/"):
        call = Call(NAMES[role], action, (f"{BUCKET}/{prefix}{key}",))
        assert refused(call, OF_TEN), prefix


def permissions_below(prefix: str) -> set[tuple[str, str, str, str]]:
    """Return role, statement, action and place of everything that is allowed below a contract's prefix."""
    beginning = f"{BUCKET}/{prefix}"
    return {
        (one.role, one.sid, action, resource.removeprefix(beginning))
        for one in OF_TEN
        for action in one.actions
        for resource in one.resources
        if resource.startswith(beginning)
    }


def test_with_ten_contracts_each_has_exactly_the_permissions_of_the_first_one() -> (
    None
):
    shared = (*NINE.values(), "model-artifacts/mlflow")
    first = {
        permission
        for permission in permissions_below("")
        if not permission[3].startswith(shared)
    }
    assert first
    for prefix in NINE.values():
        assert permissions_below(prefix) == first


def test_a_contract_added_and_removed_again_leaves_every_template_as_it_was() -> (
    None
):
    before = {layer: template_body(layer, NINE) for layer in LAYERS}
    template_body("roles", NINE | {"late": "late/"})
    assert {layer: template_body(layer, NINE) for layer in LAYERS} == before
    with_late = template_body("roles", NINE | {"late": "late/"})
    added = set(with_late.splitlines()) - set(before["roles"].splitlines())
    assert all("late" in line or "Contracts4" in line for line in added)


def test_only_the_split_role_has_managed_policies_and_all_of_it_is_its_own() -> (
    None
):
    managed = {one.role for one in OF_TEN if one.policy}
    assert managed == {NAMES["MwaaRole"]}
    shared = [
        resource
        for one in OF_TEN
        for resource in one.resources
        if one.policy
        and "partners_" not in resource
        and "partners-" not in resource
    ]
    assert shared == []
