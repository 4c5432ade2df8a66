"""What the contract with MWAA refuses; the installation itself is `make mwaa`."""

from pathlib import Path
from typing import Any

import pytest

from infra.mwaa import BYTES, SECONDS, copy_of, dag_ids, problems

WANTED = {"ingest_leads", "train_models"}


def result(**changes: Any) -> dict[str, Any]:
    good = {
        "seconds": SECONDS,
        "bytes": BYTES,
        "pip_check": [],
        "import_errors": [],
        "tasks_cannot_import": [],
    }
    return good | {"dags": sorted(WANTED), "plugins": ["lead_ops"]} | changes


def test_an_environment_within_the_limits_is_taken() -> None:
    assert problems(result(), WANTED) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seconds": SECONDS + 1}, f"took {SECONDS + 1} s"),
        ({"bytes": BYTES + 10_000_000}, "1.51 GB, more than 1.5"),
        ({"pip_check": ["a requires b"]}, "pip check: a requires b"),
        (
            {"import_errors": [{"filepath": "bad.py", "error": "no module x"}]},
            "bad.py",
        ),
        (
            {"tasks_cannot_import": ["from include.x import y: no z"]},
            "a task cannot import: from include.x import y",
        ),
        ({"dags": ["ingest_leads"]}, "DAGs are missing: train_models"),
        ({"plugins": []}, "plugin lead_ops was not loaded"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(
    changes: dict[str, Any], said: str
) -> None:
    (problem,) = problems(result(**changes), WANTED)
    assert said in problem


def test_constraints_may_lie_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("pandas==2.3.3\n")
    assert (
        copy_of(str(tmp_path / "c.txt"), tmp_path / "copy.txt").read_text()
        == "pandas==2.3.3\n"
    )


def test_constraints_that_are_not_there_are_an_error_with_their_name(
    tmp_path: Path,
) -> None:
    with pytest.raises(OSError, match=r"none\.txt"):
        copy_of(str(tmp_path / "none.txt"), tmp_path / "copy.txt")


def test_a_package_has_every_dag_for_every_contract_in_it(
    tmp_path: Path,
) -> None:
    contracts = tmp_path / "dags" / "include" / "contract"
    contracts.mkdir(parents=True)
    for name in ("contracts", "ingest_leads"):
        (tmp_path / "dags" / f"{name}.py").touch()
    for name in ("x_education", "partners"):
        (contracts / f"{name}.yaml").touch()
    assert dag_ids(tmp_path) == {"ingest_leads", "partners.ingest_leads"}
