"""docs/local-aws.md is what the list of statements says."""

from docs.generate.local_aws import PAGE, local_aws_page


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == local_aws_page(), (
        "run python -m docs.generate.local_aws"
    )
