"""Write the page that says why a training gave a scoring stage no challenger."""

import logging
from collections.abc import Mapping

from include.contract import KnownAt
from include.lake.layout import Layout
from include.lake.objects import write_text
from include.pages.render import render

log = logging.getLogger(__name__)


def write_refusal_page(
    layout: Layout,
    run_id: str,
    stage: str,
    refused: Mapping[str, str],
    snapshot_uri: str,
) -> str:
    """Write the page of a refused stage, over an earlier one, and return its URI.

    Args:
        layout: where reports lie.
        run_id: of the training; the page is `reports/training/<run>/<stage>.html`.
        stage: capture, engagement or contact.
        refused: family to why its model was not registered.
        snapshot_uri: folder of the training snapshot.
    """
    model = layout.contract.model_name(KnownAt(stage))
    uri = f"{layout.report('training', run_id)}{stage}.html"
    write_text(uri, refusal_page(model, stage, refused, snapshot_uri))
    log.info("Stage %s is refused: %s", stage, uri)
    return uri


def refusal_page(
    model: str, stage: str, refused: Mapping[str, str], snapshot_uri: str
) -> str:
    """Return the page as HTML that needs no other file.

    Args:
        model: registered name of the stage's model.
        stage: capture, engagement or contact.
        refused: family to why its model was not registered.
        snapshot_uri: folder of the training snapshot.
    """
    return render(
        __package__,
        "refusal.html",
        model=model,
        stage=stage,
        refused=refused,
        snapshot_uri=snapshot_uri,
    )
