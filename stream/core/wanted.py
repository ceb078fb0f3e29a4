"""Which alerts somebody wants to see: the filter of the command line, the API and the console."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from stream.core.routing import entity_name, is_at_least
from stream.wire.events import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Conditions that must all hold; an empty one holds for every alert.

    severity     and above
    entities     patterns as in a shell: of KIND:ID, or of the id alone
    least_score  in the unit of the detector
    text         words of the sentence, whichever case
    since        emitted at or after, epoch ms
    until        emitted before, epoch ms
    """

    kinds: tuple[str, ...] = ()
    severity: str = "low"
    entities: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    least_score: float | None = None
    text: str = ""
    since: int | None = None
    until: int | None = None

    def takes(self, alert: Alert) -> bool:
        """Whether they hold for an alert."""
        return (
            (not self.kinds or alert.kind in self.kinds)
            and is_at_least(alert.severity, self.severity)
            and (not self.entities or any(_is_of(alert, pattern) for pattern in self.entities))
            and (not self.detectors or alert.detector.name in self.detectors)
            and (self.least_score is None or alert.score >= self.least_score)
            and self.text.casefold() in alert.sentence.casefold()
            and (self.since is None or alert.emitted_at >= self.since)
            and (self.until is None or alert.emitted_at < self.until)
        )


def _is_of(alert: Alert, pattern: str) -> bool:
    return fnmatchcase(entity_name(alert), pattern if ":" in pattern else f"*:{pattern}")
