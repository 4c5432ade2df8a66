"""What a worker gives pip, and when it gives up; a whole installation is `make mwaa`."""

import sys
from pathlib import Path

import pytest

from infra import worker as module
from infra.errors import InstallError
from infra.worker import Worker


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(
        tmp_path,
        "3.2.1",
        tmp_path / "constraints.txt",
        tmp_path / "essential.txt",
    )


def requirements(folder: Path, text: str) -> Path:
    (folder / "requirements.txt").write_text(text)
    return folder / "requirements.txt"


def python_that(worker: Worker, script: str) -> None:
    """An environment whose python is a shell script."""
    (worker.venv / "bin").mkdir(parents=True)
    (worker.venv / "bin" / "python").write_text(f"#!/bin/sh\n{script}\n")
    (worker.venv / "bin" / "python").chmod(0o755)


def constraints(arguments: list[str]) -> list[str]:
    return [
        Path(after).name
        for flag, after in zip(arguments, arguments[1:], strict=False)
        if flag == "-c"
    ]


def test_requirements_without_a_constraint_get_airflows_and_the_essential_ones(
    worker: Worker, tmp_path: Path
) -> None:
    given = worker.arguments(requirements(tmp_path, "pandas==2.3.3\n"))
    assert constraints(given) == ["essential.txt", "constraints.txt"]


@pytest.mark.parametrize(
    "line",
    ["--constraint https://example.com/c.txt", "# no -c here", "-c own.txt"],
)
def test_a_line_that_names_a_constraint_even_a_comment_turns_airflows_off(
    worker: Worker, tmp_path: Path, line: str
) -> None:
    given = worker.arguments(requirements(tmp_path, f"{line}\npandas==2.3.3\n"))
    assert constraints(given) == ["essential.txt"]


def test_awss_own_packages_are_asked_for_again_with_the_requirements(
    worker: Worker, tmp_path: Path
) -> None:
    given = worker.arguments(requirements(tmp_path, "pandas==2.3.3\n"))
    assert {"apache-airflow[celery,statsd]==3.2.1", "celery[sqs]"} <= set(given)


def test_an_installation_is_stopped_when_mwaa_would(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(worker, "exec sleep 30")
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.2)
    with pytest.raises(InstallError, match="MWAA stops an installation after"):
        worker.install(requirements(tmp_path, "pandas==2.3.3\n"))


def test_pips_own_words_come_with_a_failure(
    worker: Worker, tmp_path: Path
) -> None:
    python_that(worker, "echo 'ERROR: ResolutionImpossible' >&2; exit 1")
    with pytest.raises(InstallError, match="ResolutionImpossible"):
        worker.install(requirements(tmp_path, "pandas==2.3.3\n"))


def test_a_conflict_is_what_pip_check_says_and_none_is_none(
    worker: Worker,
) -> None:
    python_that(
        worker, "echo 'a 1 requires b, which is not installed.'; exit 1"
    )
    assert worker.conflicts() == ["a 1 requires b, which is not installed."]
    (worker.venv / "bin" / "python").write_text(
        "#!/bin/sh\necho 'No broken requirements found.'\n"
    )
    assert worker.conflicts() == []


def test_a_distribution_has_the_size_of_its_files_and_the_environment_that_of_all(
    worker: Worker,
) -> None:
    site = worker.venv / "lib" / "python3.12" / "site-packages"
    (site / "a-1.dist-info").mkdir(parents=True)
    (site / "a.py").write_bytes(b"x" * 1000)
    (site / "nobodys.pyc").write_bytes(b"x" * 50)
    (site / "a-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: A\nVersion: 1\n"
    )
    (site / "a-1.dist-info" / "RECORD").write_text("a.py,,\n")
    assert worker.sizes() == {"a": 1000}
    assert worker.size() == sum(
        file.stat().st_size for file in site.rglob("*") if file.is_file()
    )


def test_what_a_task_imports_when_it_runs_is_tried_in_the_workers_environment(
    worker: Worker,
) -> None:
    (worker.venv / "bin").mkdir(parents=True)
    (worker.venv / "bin" / "python").symlink_to(sys.executable)
    dags = worker.home / "dags"
    (dags / "include").mkdir(parents=True)
    (dags / "include" / "good.py").write_text("here = 1\n")
    (dags / "include" / "bad.py").write_text("import not_on_mwaa\n")
    (dags / "a_dag.py").write_text(
        "def task():\n    from include.good import here\n    from include import bad\n"
    )
    assert worker.missing() == [
        "from include import bad: ModuleNotFoundError: No module named 'not_on_mwaa'"
    ]
