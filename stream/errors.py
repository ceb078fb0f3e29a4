"""The tree of errors: each carries its facts as attributes, says what was expected, and never shows a payload."""


class WeirError(Exception):
    """Anything Weir refuses. The command line prints it in one line and exits with ``exit_code``."""

    exit_code = 1


class SettingsError(WeirError):
    """A setting that can't be used; names the field, what was expected and where it came from."""

    exit_code = 2

    def __init__(self, field: str, expected: str, was: object = None, *, where: str = "settings") -> None:
        super().__init__(field, expected, was, where)
        self.field, self.expected, self.was, self.where = field, expected, was, where

    def __str__(self) -> str:
        seen = "" if self.was is None else f", was {self.was!r}"
        return f"{self.where}: {self.field}: expected {self.expected}{seen}"


class MachineError(WeirError):
    """The machine lacks something (a broker, a port, disk): what, and how to mend it."""

    exit_code = 3

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what, self.fix = what, fix

    def __str__(self) -> str:
        return f"{self.what}. {self.fix}"


class AccessError(MachineError):
    """Kafka turned us away, or we it: a wrong password, a certificate nobody vouches for, a right we lack."""

    exit_code = 6


class ModelError(WeirError):
    """An artefact that must not serve: wrong hash, missing feature, another order."""


class DeliveryError(WeirError):
    """Records that a topic did not take: the topic and how many."""

    def __init__(self, topic: str, count: int, reason: str) -> None:
        super().__init__(topic, count, reason)
        self.topic, self.count, self.reason = topic, count, reason

    def __str__(self) -> str:
        return f"{self.count} records not delivered to {self.topic}: {self.reason}"


class FencedError(WeirError):
    """Kafka refused a record for a partition that another worker has taken over: this one must begin anew."""

    exit_code = 4

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(topic, partition)
        self.topic, self.partition = topic, partition

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}: another worker has taken this partition over; start this one again"


class StalledError(WeirError):
    """A worker that has made no progress for ``kafka.watchdog_seconds``: its watchdog ended it, to be started again."""

    exit_code = 5

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class StreamError(WeirError):
    """Stored or internal data of a layout or order that must not be read on."""


class StateError(StreamError):
    """A stored value that must not be read: of another layout or partition count, or damaged; says what to do."""

    def __init__(
        self,
        what: str,
        expected: str,
        was: object,
        fix: str = "If a newer release wrote it, run that one again; else start a new group (kafka.group)",
    ) -> None:
        super().__init__(what, expected, was, fix)
        self.what, self.expected, self.was, self.fix = what, expected, was, fix

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, was {self.was}. {self.fix}"
