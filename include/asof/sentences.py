"""Write the sentence that a sales rep reads where a feature is a reason for a score."""

from collections.abc import Mapping

from include.contract.derived.sentences import Words, known, template_for
from include.contract.format.features import VALUE, Feature


def sentence(feature: Feature, values: Mapping[str, object]) -> str:
    """Return what a sales rep reads of a feature, such as `4 contacts in the first week`.

    Args:
        feature: as the contract declares it.
        values: every feature of the lead by its name; the sentence may show another one than its own.
    """
    texts = {name: known(value) for name, value in values.items()}
    value = texts.get(feature.name)
    texts[VALUE] = value
    sentences = feature.reason.model_dump()
    template = template_for(sentences, value, feature.label)
    return Words().vformat(template, (), texts)
