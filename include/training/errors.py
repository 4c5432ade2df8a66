"""What stops a training: named errors that say what to do next."""


class NotEnoughRowsError(ValueError):
    """Too few labelled leads to train, choose and judge a model on separate rows."""


class OneClassOnlyError(ValueError):
    """Every lead of a part of the data has the same outcome, so nothing can be learnt or judged there."""


class SnapshotChangedError(ValueError):
    """The rows under a snapshot's URI are no longer those that its manifest describes."""
