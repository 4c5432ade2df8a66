"""Show every error that bringing a data set raises."""

from include.errors import LeadsError


class OnboardingError(LeadsError):
    """Base of the errors below; the message says what to do."""


class UnreadableFileError(OnboardingError):
    """The file of leads cannot be read; the message says why and what to try."""


class DraftError(OnboardingError):
    """No contract can be drafted from the file."""


class UpgradeError(OnboardingError):
    """The contract cannot be written in format 2 with the same meaning."""


class TryError(OnboardingError):
    """No model can be trained on the file; the message says why."""
