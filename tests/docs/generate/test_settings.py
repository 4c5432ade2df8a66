"""docs/settings.md is what the fields of the settings say."""

from docs.generate.settings import PAGE, settings_page
from include.settings import Settings, all_settings


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run make docs"


def test_every_variable_has_a_row_with_its_meaning() -> None:
    page = settings_page()
    for setting in all_settings():
        assert setting.description, (
            f"settings.{setting.path} has no description"
        )
        assert f"| `{setting.variables[0]}`" in page
        assert setting.description.replace("|", r"\|") in page


def test_every_group_says_what_it_is_for() -> None:
    page = settings_page()
    groups = {
        path.partition(".")[0]
        for path in (setting.path for setting in all_settings())
        if "." in path
    }
    assert groups == {
        name
        for name in Settings.model_fields
        if f"## `settings.{name}`" in page
    }


def test_a_default_is_shown_as_one_would_set_it() -> None:
    page = settings_page()
    assert '| `LEADS_GIT_COMMIT`, `GIT_COMMIT`, `GITHUB_SHA` | `""` |' in page
    assert (
        '| `LEADS_DRIFT_TRIGGERS` | `["data", "prediction", "performance"]` |'
        in page
    )
    assert "| `LEADS_ENDPOINT_ON_PROMOTION` | `false` |" in page
