"""What a deployment checks before it changes anything; DAGs are checked in test_deploy, templates in test_stacks."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from infra import checks
from infra.checks import conflicts, secrets_in
from infra.package import ROOT

KEY = "AKIA" + "A" * 16
SECRETS = {
    "an AWS access key": f"key = '{KEY}'",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a secret access key": "aws_secret_access_key = " + "a" * 40,
    "a Slack webhook": "https://hooks.slack.com/" + "services/T0AB/B0CD/xyz",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_file_that_holds_a_secret_is_named_with_its_kind(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.py").write_text(SECRETS[kind])
    (tmp_path / "dags" / "b.py").write_text("nothing = 'here'")
    assert secrets_in(tmp_path) == [
        f"dags/a.py holds what looks like {kind}: take it out and revoke it"
    ]


def test_a_secret_is_found_inside_plugins_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(
        tmp_path / "plugins.zip", "w", zipfile.ZIP_DEFLATED
    ) as archive:
        archive.writestr("lead_ops/links.py", f"KEY = '{KEY}'\n" * 100)
    (finding,) = secrets_in(tmp_path)
    assert finding.startswith(
        "plugins.zip/lead_ops/links.py holds what looks like an AWS access key"
    )


def test_in_a_checkout_what_git_ignores_is_not_the_tree_and_what_is_not_yet_added_is(
    tmp_path: Path,
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(".env\n")
    for name in (".env", "notes.txt"):
        (tmp_path / name).write_text(KEY)
    assert [finding.split()[0] for finding in secrets_in(tmp_path)] == [
        "notes.txt"
    ]


def test_this_project_holds_no_secret() -> None:
    assert secrets_in(ROOT) == []


@pytest.mark.parametrize(
    "pin",
    ["Flask_Session==0.8.1", "flask-session==0.8.1", "flask.session==0.8.1"],
)
def test_a_pin_is_held_against_the_constraint_of_its_package_however_it_is_written(
    pin: str,
) -> None:
    assert conflicts(pin, "Flask-Session==0.8.0") == [
        f"{pin.split('=')[0]} 0.8.1 is not ==0.8.0 of the constraints: run make lock"
    ]


def test_pins_that_agree_and_packages_that_nobody_constrains_are_no_finding() -> (
    None
):
    assert (
        conflicts("pandas==2.3.3\nshap==0.54.1  # ours\n", "pandas==2.3.3\n")
        == []
    )


def test_a_template_that_would_fail_at_its_next_update_is_not_deployed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"}
    interfaces = [{"DeviceIndex": "0", "NetworkInterfaceId": "eni-1"}]
    server = {"ImageId": {"Ref": "Image"}, "NetworkInterfaces": interfaces}
    bad = {
        "Parameters": {"Image": looked_up},
        "Resources": {
            "Server": {"Type": "AWS::EC2::Instance", "Properties": server}
        },
    }
    monkeypatch.setattr(checks, "LAYERS", ("bad",))
    monkeypatch.setattr(checks, "template", lambda layer: bad)
    (finding,) = checks.templates("ap-south-1")
    assert finding.startswith("bad: Server: ImageId follows SSM")
