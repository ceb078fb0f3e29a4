"""The models that a worker may be told to score by: read from the topic of models and loaded before they are needed."""

import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from models.artifact import MANIFEST, read_manifest
from models.detector import Detector
from models.rules.detector import Rules
from stream.consume import consumer_of
from stream.core.swap import OWN, Models
from stream.errors import MachineError, ModelError, SettingsError, WeirError
from stream.registry.publishing import CHAMPION, Champion
from stream.settings import Settings
from stream.walk import detectors_of
from stream.wire.topics import MODELS

log = logging.getLogger("weir.models")

_LOOK_SECONDS = 0.3
_WAIT_MS = 2_000
_MEMORY = "/dev/shm"  # noqa: S108  of Linux; what is put there has a name of its own
_KEPT = 4  # models at hand: the champion, the one before, and those about to come

Versions = Mapping[str, str]
Files = dict[str, bytes]  # name → content, of an artefact


class Arrivals:
    """A context manager beside the worker: a thread reads what comes, the stages ask for what they are told to serve.

    settings  whose ``alerts.detectors`` and rules every model is loaded with
    own       the detectors of the settings' own model
    serving   hears name → version of detectors that are about to score
    Raises MachineError where there is no Kafka or the topic is missing.
    """

    def __init__(self, settings: Settings, own: Sequence[Detector], serving: Callable[[Versions], None]) -> None:
        self._settings, self._own, self._serving = settings, own, serving
        self._rules = [one for one in own if one.name == Rules.name]  # as they were read at the start, and told
        self._lock = threading.Lock()  # held while a model is loaded, so that who asks for it meanwhile waits
        self._loaded: OrderedDict[str, Sequence[Detector] | None] = OrderedDict()
        self.champion, self._next_offset = _last_champion(settings)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="models", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def serving_first(self) -> Sequence[Detector]:
        """Detectors of the champion; of the settings where there is none.

        Raises ModelError as ``detectors`` does, and where they can't be loaded: nothing scores yet that could go on.
        """
        if self.champion == OWN:
            self._serving({one.name: one.version for one in self._own})
            return self._own
        found = self.detectors(self.champion)
        if found is None:
            raise ModelError(f"model {self.champion}: expected the champion to load, was refused: see the log")
        if self._settings.worker.model:
            log.warning("event=champion_serves model=%s instead_of=worker.model", self.champion)
        return found

    def models(self) -> Models:
        """What the stages ask; a partition without any state begins with the champion as it is now."""
        return Models(own=self._own, first=self.champion, detectors=self.detectors)

    def detectors(self, model: str) -> Sequence[Detector] | None:
        """The detectors of a model; None where it can't be loaded, which is logged.

        Raises ModelError where the topic does not hold it, MachineError where Kafka does not answer.
        """
        found = self._load(model)
        if found is not None:
            self._serving({one.name: one.version for one in found})
        return found

    def _load(self, model: str) -> Sequence[Detector] | None:
        with self._lock:
            if model in self._loaded:
                self._loaded.move_to_end(model)
                return self._loaded[model]
            files = files_of(self._settings, model)
            try:
                found: Sequence[Detector] | None = [*load(_without_rules(self._settings), model, files), *self._rules]
            except (ModelError, SettingsError) as error:
                found = None
                log.error("event=model_refused model=%s reason=%r", model, str(error))  # noqa: TRY400  # says it all
            self._loaded[model] = found
            while len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
            return found

    def _follow(self) -> None:
        """Have each champion ready before the order to change to it comes."""
        while not self._is_over.wait(_LOOK_SECONDS):
            try:
                with closing(self._consumer()) as consumer:
                    consumer.seek(_place(self._settings), self._next_offset)
                    self._listen(consumer)
            except (KafkaError, WeirError) as error:  # the stages meet the same when they need it, and say so
                log.warning("event=models_not_read error=%s", type(error).__name__)

    def _consumer(self) -> KafkaConsumer:
        """Open one that asks seldom: it stands beside the work of a whole core."""
        return consumer_of(self._settings, [MODELS.name], from_beginning=False, with_erased=True, wait_ms=_WAIT_MS)

    def _listen(self, consumer: KafkaConsumer) -> None:
        place = _place(self._settings)
        while not self._is_over.is_set():
            for record in consumer.poll(timeout_ms=int(1000 * _LOOK_SECONDS)).get(place, []):
                self._next_offset = record.offset + 1
                champion = _champion_of(record.key, record.value)
                if champion:
                    self._load(champion)


def _without_rules(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, alerts=msgspec.structs.replace(settings.alerts, rules=""))


def _place(settings: Settings) -> TopicPartition:
    return TopicPartition(settings.kafka.prefix + MODELS.name, 0)


def _records(settings: Settings) -> Iterator[tuple[int, bytes, bytes]]:
    """Offset, key and value of all that stands on the topic of models."""
    place = _place(settings)
    try:
        with closing(consumer_of(settings, [MODELS.name], from_beginning=True, with_erased=True)) as consumer:
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            end = consumer.end_offsets([place])[place]
            while consumer.position(place) < end:
                for record in consumer.poll(timeout_ms=200).get(place, []):
                    if record.key is not None and record.value is not None:
                        yield record.offset, record.key, record.value
    except KafkaError as error:
        raise MachineError(f"Kafka does not tell its models ({type(error).__name__})", "Try again") from error


def _champion_of(key: bytes | None, value: bytes | None) -> str:
    if key != CHAMPION or value is None:
        return OWN
    try:
        return msgspec.json.decode(value, type=Champion).model
    except msgspec.MsgspecError:
        raise ModelError(f"topic {MODELS.name}: expected the champion's name, was something else") from None


def _last_champion(settings: Settings) -> tuple[str, int]:
    """Who serves, and where the topic goes on."""
    champion, after = OWN, 0
    for offset, key, value in _records(settings):
        after = offset + 1
        if key == CHAMPION:
            champion = _champion_of(key, value)
    return champion, after


def champion_of(settings: Settings) -> str:
    """Identity of the model that workers of these settings score by; ``OWN``: that of their settings."""
    return _last_champion(settings)[0]


def files_of(settings: Settings, model: str) -> Files:
    """The files of a model on the topic; raises ModelError where there are none."""
    head = f"{model}/".encode()
    files = {
        key[len(head) :].decode(errors="replace"): value for _, key, value in _records(settings) if key.startswith(head)
    }
    if MANIFEST not in files:
        raise ModelError(f"model {model}: expected on topic {MODELS.name}, was not there: promote it again")
    return files


def detectors_that_told(settings: Settings, name: str, version: str) -> list[Detector]:
    """The detectors as they were when one of them told something, where they can be had: else those of the settings.

    name, version  of the detector that told
    """
    own = detectors_of(settings)
    if any((one.name, one.version) == (name, version) for one in own):
        return own
    with suppress(ModelError, MachineError):  # no model of the registry, or no registry on this Kafka
        return load(settings, version, files_of(settings, version))
    return own


def load(settings: Settings, model: str, files: Files) -> list[Detector]:
    """Build the detectors of an artefact that came as bytes, every file held to its hash.

    Raises ModelError where something in it is not as it should be, MachineError without a place for its files.
    """
    strange = [name for name in files if Path(name).name != name]
    if strange:
        raise ModelError(f"model {model}: expected names of files, was a path")
    try:
        with tempfile.TemporaryDirectory(prefix="weir-model-", dir=_place_for_files()) as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            return detectors_in(settings, Path(folder), model)
    except OSError as error:
        raise MachineError(
            f"No place for the files of model {model} ({error.strerror})",
            "Give it /dev/shm or a TMPDIR",
        ) from None


def _place_for_files() -> str | None:
    """Memory, where there is such a folder: a worker's disk may be read-only, or full. None: the system's choice."""
    return _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


def detectors_in(settings: Settings, folder: Path, model: str) -> list[Detector]:
    """Build the detectors that the settings name from an artefact's folder; ModelError where it is not ``model``."""
    _, manifest = read_manifest(folder)
    if manifest.identity != model:
        raise ModelError(f"model {model}: expected that identity, was {manifest.identity}")
    worker = msgspec.structs.replace(settings.worker, model=str(folder))
    return detectors_of(msgspec.structs.replace(settings, worker=worker))
