"""Where the files of a contract lie."""

from include.contract import load_contract
from include.lake.layout import Layout
from include.settings import Settings
from tests.include.contract.format.test_unification import STORY


def raw_folders(contract):
    layout = Layout(Settings(), load_contract(contract))
    return [folder.removeprefix(layout.raw) for folder in layout.raw_folders]


def test_each_source_has_a_folder_of_its_own():
    assert raw_folders(str(STORY)) == [
        "crm/leads/",
        "crm/interactions/",
        "marketing/email/",
        "marketing/ads/",
        "applications/",
    ]


def test_leads_of_one_source_lie_anywhere_below_the_raw_folder():
    assert raw_folders("x_education") == [""]
