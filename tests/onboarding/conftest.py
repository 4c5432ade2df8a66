"""What the tests of onboarding share."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def old_contract() -> str:
    """Return the text of a real contract of format 1."""
    path = (
        TESTS / "include" / "contract" / "written" / "x_education_format1.yaml"
    )
    return path.read_text(encoding="utf-8")
