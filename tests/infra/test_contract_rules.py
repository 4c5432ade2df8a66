"""Policies and lifecycle rules follow the contracts in force, and nothing changes where there is one."""

from dataclasses import replace
from pathlib import Path

import pytest

from include.contract.in_force import settings_of
from include.settings import Settings
from infra import preflight
from infra.contract_rules import LARGEST_TEMPLATE
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


def test_three_further_contracts_fit_and_more_are_found_before_a_change() -> (
    None
):
    stage = load_environment("prod", "123456789012")
    fitting = replace(stage, contracts=further(3))
    assert list(preflight.contracts(fitting)) == []
    for layer in LAYERS:
        assert len(template_body(layer, further(3))) <= LARGEST_TEMPLATE
    (finding,) = preflight.contracts(replace(stage, contracts=further(4)))
    assert f"role {NAMES['MwaaRole']}: policies for 5 contracts" in finding
