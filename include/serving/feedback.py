"""What the sales team says of a score, kept in S3 until `collect_feedback` reads it into the warehouse."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

from include.lake.layout import Layout
from include.lake.objects import write_text

Verdict = Literal["right", "too_high", "too_low"]


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
    """Stores it as a JSON object named by its id, over an equal one, and returns the id."""
    content = asdict(feedback) | {"id": feedback.id, "given_at": feedback.given_at.astimezone(UTC).isoformat()}
    write_text(f"{layout.feedback}{feedback.id}.json", json.dumps(content) + "\n")
    return feedback.id
