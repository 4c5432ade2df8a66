"""Fixtures that tests of several folders share; each module of tests/fixtures/ says what it starts."""

pytest_plugins = [
    "tests.fixtures.champions",
    "tests.fixtures.environments",
    "tests.fixtures.examples",
    "tests.fixtures.outcomes",
    "tests.fixtures.platform",
    "tests.fixtures.registry",
    "tests.fixtures.scheduling",
    "tests.fixtures.training",
]
