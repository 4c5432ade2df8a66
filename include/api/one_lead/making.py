"""Make what answers requests for one lead: over the lake, or over the folder of an endpoint's model."""

from botocore.exceptions import BotoCoreError, ClientError

from include.api.one_lead.answers import LeadAnswers
from include.api.one_lead.last_run import LastRun, NoLastRun
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.refresher import Refresher
from include.scoring.model_folder import sagemaker_folder
from include.settings import Settings
from include.unify.errors import UnifyError
from include.unify.published import PACKED, Published, read_published, unpack

REFRESH_SECONDS = 60
"""A run publishes once a day."""
RETRY_SECONDS = 5
"""Until something was published."""
UNREADABLE = (
    ObjectMissingError,
    ClientError,
    BotoCoreError,
    OSError,
    UnifyError,
)
"""What a store may do while an API runs, and what may lie there."""


def lead_answers(
    settings: Settings, layout: Layout, endpoint: bool
) -> LeadAnswers | None:
    """Return what puts one lead together; None for a contract without sources.

    Args:
        settings: limits of a request, and the model folder.
        layout: where the last run has published to.
        endpoint: whether this is an endpoint's container, which reaches no store: what it knows of the last run was
            packed with its model.
    """
    contract = layout.contract
    if not contract.unify:
        return None
    packed = sagemaker_folder(settings) / PACKED

    def read() -> Published | None:
        if endpoint or settings.api.model_folder:
            return unpack(packed.read_bytes())
        return read_published(layout)

    published: Refresher[Published | None] = Refresher(
        "What the last run published",
        read,
        None,
        REFRESH_SECONDS,
        UNREADABLE,
        RETRY_SECONDS,
    )
    last_run = NoLastRun(contract) if endpoint else LastRun(layout)
    limits = settings.api
    return LeadAnswers(
        contract,
        published,
        last_run.find,
        limits.max_events,
        limits.max_columns,
    )
