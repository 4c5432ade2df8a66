"""What the sensor of ingestion waits for: names are literal text."""

from types import SimpleNamespace

import pytest

from lifecycle.file_sensor import PATTERN, LeadFilesSensor


def poke(monkeypatch, folder, *keys):
    """Return whether the sensor is content with a bucket of these keys."""

    def iter_file_metadata(prefix, bucket):
        assert bucket == "leads"
        return ({"Key": key} for key in keys if key.startswith(prefix))

    hook = SimpleNamespace(iter_file_metadata=iter_file_metadata)
    monkeypatch.setattr(LeadFilesSensor, "hook", hook)
    sensor = LeadFilesSensor(
        task_id="wait", bucket_key=f"s3://leads/{folder}{PATTERN}"
    )
    return sensor.poke({})


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "LEADS.CSV",
        "b.csv.gz",
        "B.Csv.GZ",
        "deep/er/a.csv",
        "a b#1.csv",
    ],
)
def test_a_file_that_the_job_reads_is_found(monkeypatch, name):
    assert poke(monkeypatch, "raw-data/x/", f"raw-data/x/{name}")


@pytest.mark.parametrize(
    "folder",
    [
        "raw-data/c15-[final] folder/",
        "raw-data/{a,b}/",
        "raw-data/*/",
        "raw-data/?/",
        "raw-data/a\\b/",
        "raw-data/100%20+1#x/",
        "raw-data/überall/",
    ],
)
def test_a_folders_name_is_no_pattern(monkeypatch, folder):
    assert poke(monkeypatch, folder, f"{folder}a.csv")
    assert not poke(monkeypatch, folder, "raw-data/a/a.csv", "raw-data/f/a.csv")


@pytest.mark.parametrize(
    "name",
    ["a.xlsx", "csv", "_tmp/a.csv", ".a.csv", "_batch=1/a.csv", "a.csv/"],
)
def test_a_file_that_the_job_does_not_read_is_waited_over(monkeypatch, name):
    assert not poke(monkeypatch, "raw-data/x/", f"raw-data/x/{name}")


def test_the_format_of_the_contract_says_which_files_are_waited_for(
    monkeypatch,
):
    files = SimpleNamespace(format="json_lines", delimiter=",")
    contract = SimpleNamespace(files=files)
    monkeypatch.setattr(
        "lifecycle.file_sensor.Names",
        lambda: SimpleNamespace(contract=contract),
    )
    folder = "raw-data/x/"
    assert poke(monkeypatch, folder, f"{folder}a.jsonl.gz")
    assert not poke(monkeypatch, folder, f"{folder}a.csv")
