"""The names of the seeded account are those that the project expects."""

import pytest

from include.settings import Setting, all_settings
from localaws.account import Account

SETTING_OF = {
    "region": "region",
    "bucket": "s3.bucket",
    "reports_prefix": "s3.reports_prefix",
    "glue_database": "glue.database",
    "glue_role": "glue.role",
    "training_role": "training.role",
    "endpoint_role": "endpoint.role",
    "workgroup": "redshift.workgroup",
    "database": "redshift.database",
    "reader_role": "redshift.reader_role",
    "warehouse_secret": "redshift.secret",
    "api_keys_secret": "api.keys_secret",
}
SETTINGS: dict[str, Setting] = {
    setting.path: setting for setting in all_settings()
}


def variables(name: str) -> tuple[str, ...]:
    alias = Account.model_fields[name].validation_alias
    return (alias,) if isinstance(alias, str) else tuple(alias.choices)


def test_every_name_has_a_setting():
    assert set(SETTING_OF) == set(Account.model_fields)


@pytest.mark.parametrize("name", SETTING_OF)
def test_a_name_has_the_default_and_the_variables_of_its_setting(name):
    setting = SETTINGS[SETTING_OF[name]]
    assert Account.model_fields[name].default == setting.default
    assert variables(name) == setting.variables


def test_a_variable_changes_a_name(monkeypatch):
    monkeypatch.setenv("LEADS_BUCKET", "another")
    assert Account().bucket == "another"
