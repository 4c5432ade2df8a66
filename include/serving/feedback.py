"""What the sales team says of a score, kept in S3 until `collect_feedback` reads it into the warehouse."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, get_args

from include.contract.ddl import TEXT_BYTES
from include.lake.layout import Layout
from include.lake.objects import write_text

Verdict = Literal["right", "too_high", "too_low"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
LONGEST = {"lead": TEXT_BYTES["string"], "rep": 256, "verdict": 16, "model_version": 32, "comment": 4096}
"""Bytes of UTF-8 that the table of feedback holds of each text."""
NEEDED = ("lead", "rep", "model_version")


class FeedbackRefused(ValueError):  # noqa: N818 - says what happened
    """Feedback that cannot be stored; the message names the value and what is wrong with it."""


@dataclass(frozen=True)
class Feedback:
    """One word of one rep on one score.

    Attributes:
        lead: its key.
        rep: who says so.
        verdict: on the score.
        model_version: that gave the score.
        outcome: what has become of the lead, 1 converted, 0 not; None while the rep does not know.
        comment: free text.
        given_at: in UTC.
    """

    lead: str
    rep: str
    verdict: Verdict
    model_version: str
    outcome: int | None
    comment: str
    given_at: datetime

    @property
    def id(self) -> str:
        """The same for the same word of the same rep on the same score, so that a replayed one changes nothing."""
        said = (self.lead, self.rep, self.verdict, self.model_version, self.outcome, self.comment)
        return sha256(json.dumps(said).encode()).hexdigest()[:32]


def keep(feedback: Feedback, layout: Layout) -> str:
    """Stores it as a JSON object named by its id, over an equal one, and returns the id. Raises FeedbackRefused."""
    check(feedback)
    content = asdict(feedback) | {"id": feedback.id, "given_at": feedback.given_at.astimezone(UTC).isoformat()}
    write_text(f"{layout.feedback}{feedback.id}.json", json.dumps(content) + "\n")
    return feedback.id


def check(feedback: Feedback) -> None:
    """Refuses what the table of feedback cannot hold.

    Raises:
        FeedbackRefused: a value is empty, too long, no text or none of those allowed.
    """
    for name, longest in LONGEST.items():
        _check_text(name, getattr(feedback, name), longest)
    if feedback.verdict not in VERDICTS:
        raise FeedbackRefused(f"verdict must be one of {', '.join(VERDICTS)}")
    if feedback.outcome is not None and (type(feedback.outcome) is not int or feedback.outcome not in (0, 1)):
        raise FeedbackRefused("outcome must be 1 (converted), 0 (not) or left out")
    if feedback.given_at.tzinfo is None:
        raise FeedbackRefused("given_at must be a moment with its time zone")


def parse(text: str) -> Feedback:
    """The feedback in an object's text, as `keep` wrote it.

    Raises:
        FeedbackRefused: the text is anything else, or says something else than its id.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedbackRefused(f"not JSON: {error}") from error
    names = {field.name for field in fields(Feedback)} | {"id"}
    if not isinstance(content, dict) or set(content) != names:
        raise FeedbackRefused(f"must be an object with {', '.join(sorted(names))}")
    feedback = Feedback(given_at=_moment(content), **{name: content[name] for name in names - {"id", "given_at"}})
    check(feedback)
    if feedback.id != content["id"]:
        raise FeedbackRefused("the id is not that of what it says")
    return feedback


def _moment(content: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(content["given_at"])
    except (TypeError, ValueError) as error:
        raise FeedbackRefused(f"given_at is no moment: {error}") from error


def _check_text(name: str, text: Any, longest: int) -> None:
    if not isinstance(text, str):
        raise FeedbackRefused(f"{name} must be text")
    if name in NEEDED and not text.strip():
        raise FeedbackRefused(f"{name} must not be empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise FeedbackRefused(f"{name} holds half a character") from None
    if "\0" in text:
        raise FeedbackRefused(f"{name} holds a null character")
    if size > longest:
        raise FeedbackRefused(f"{name} is {size} bytes long, {longest} fit")
