import subprocess
import tarfile
from hashlib import sha256

import pytest

from include.contract import KnownAt
from include.endpoint.bundle import bundle, pack
from include.lake.errors import ObjectMissingError
from include.lake.objects import download_file, read_bytes
from include.registry.errors import NoChampionError, TrackingUnavailableError
from include.registry.registry import rollback
from include.registry.tracking import connect
from include.scoring.model_folder import folder_champions
from include.scoring.stages import load_champions
from include.settings import settings
from include.unify.published import PACKED


def unpacked(uri, folder):
    """The folder as SageMaker lays it out."""
    folder.mkdir()
    download_file(uri, folder.parent / f"{folder.name}.tar.gz")
    subprocess.run(
        ["tar", "-xzf", f"{folder}.tar.gz", "-C", folder], check=True
    )
    return folder


@pytest.fixture
def target(layout):
    return f"s3://{layout.settings.s3.bucket}/model-artifacts/endpoint/"


def test_a_server_on_the_bundle_scores_as_one_on_the_registry(
    registered, target, mixed, tmp_path, contract
):
    registered(stage=KnownAt.CONTACT)
    registered(stage=KnownAt.CAPTURE)
    made = bundle(settings(), contract, target)
    assert made["model_data_url"] == f"{target}model.tar.gz"
    assert made["versions"] == "contact-1-capture-1"
    served = folder_champions(
        settings(),
        contract,
        unpacked(made["model_data_url"], tmp_path / "model"),
    )
    served.refresh()
    theirs = load_champions(settings(), contract)
    assert served.scorer.score(mixed, 3).equals(theirs.score(mixed, 3))
    assert [one.champion for one in served.scorer.scorers.values()] == [
        one.champion for one in theirs.scorers.values()
    ]  # tags and moments too


def test_the_same_champions_are_packed_to_the_same_bytes_and_others_are_not(
    registered, target, contract
):
    def packed():
        made = bundle(settings(), contract, target)
        content = read_bytes(made["model_data_url"])
        assert made["sha256"] == sha256(content).hexdigest()
        return content

    registered()
    first = packed()
    assert packed() == first
    registered()
    assert packed() != first
    rollback(connect(settings().mlflow.tracking_uri), contract.model_name())
    assert packed() == first


def test_the_archive_may_be_named(registered, layout, contract):
    registered()
    uri = f"s3://{layout.settings.s3.bucket}/endpoint/abc.tar.gz"
    assert bundle(settings(), contract, uri)["model_data_url"] == uri


def test_a_stage_without_a_champion_is_left_out(
    registered, target, tmp_path, contract
):
    registered()
    made = bundle(settings(), contract, target)
    folder = unpacked(made["model_data_url"], tmp_path / "model")
    assert made["versions"] == "contact-1"
    assert sorted(path.name for path in folder.iterdir()) == [
        "champions.json",
        "contact",
    ]
    served = folder_champions(settings(), contract, folder)
    served.refresh()
    assert list(served.scorer.scorers) == [KnownAt.CONTACT]


def test_each_outcome_is_packed_and_one_without_a_champion_serves_nothing(
    registered, target, tmp_path, three, mixed
):
    registered()
    kept_version = registered(name="kept-model")
    made = bundle(settings(), three, target)
    assert (made["versions"], made["outcomes"]) == (
        "contact-1",
        {"kept": f"contact-{kept_version}"},
    )
    folder = unpacked(made["model_data_url"], tmp_path / "model")
    champions = {}
    for view in three.views:
        served = folder_champions(settings(), view, folder)
        served.refresh()
        champions[view.label] = served.scorer
    kept = champions["kept"].scorers[KnownAt.CONTACT].champion
    assert kept.model == "kept-model"
    assert (
        champions["kept"]
        .score(mixed)["score"]
        .equals(champions["won"].score(mixed)["score"])
    )
    assert champions["renewed"] is None


def test_newer_counts_of_rates_leave_the_digest_of_the_champions_as_it_was(
    registered, target, contract, monkeypatch
):
    def packed(counts):
        monkeypatch.setattr(
            "include.endpoint.bundle.add_published",
            lambda folder, layout: (folder / PACKED).write_bytes(counts),
        )
        return bundle(settings(), contract, target)

    registered()
    plain = bundle(settings(), contract, target)
    first, second = packed(b"1"), packed(b"2")
    assert "counts_sha256" not in plain
    assert plain["sha256"] == first["sha256"] == second["sha256"]
    assert first["counts_sha256"] != second["counts_sha256"]


def test_without_any_champion_there_is_nothing_to_pack(
    tracking, target, contract
):
    with pytest.raises(NoChampionError):
        bundle(settings(), contract, target)


def test_without_the_bucket_the_error_names_it(registered, bucket, contract):
    registered()
    with pytest.raises(ObjectMissingError, match="s3://no-such-bucket"):
        bundle(settings(), contract, "s3://no-such-bucket/x/")


def test_without_the_registry_the_error_says_so(
    contract, monkeypatch, fresh_settings
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    fresh_settings()
    with pytest.raises(TrackingUnavailableError):
        bundle(settings(), contract, "s3://b/x/")


def test_neither_times_nor_owners_nor_order_reach_the_archive(tmp_path):
    for name, files in (("one", ("a/x", "b")), ("two", ("b", "a/x"))):
        for file in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
            path.chmod(0o600 if name == "one" else 0o640)
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (
        tmp_path / "two.tar.gz"
    ).read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        assert [
            (entry.name, entry.mtime, entry.uid, entry.mode) for entry in tar
        ] == [
            ("a/x", 0, 0, 0o644),
            ("b", 0, 0, 0o644),
        ]
