"""What the decoders of event streams share: frames in, and the end of the body. The dialects know the objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from pointsman.adapters.answer import Answer
from pointsman.adapters.lenient import JsonObject, decode_json
from pointsman.adapters.sse import Frames, SseEvent
from pointsman.ports import Chunk, Finish


class FramesDecoder(ABC):
    """`answer.Decoder` of an event stream, or of the one document of a server that does not stream."""

    def __init__(self, notes: tuple[str, ...] = ()) -> None:
        self._frames = Frames()
        self._answer = Answer(notes=list(notes))
        self._understood = False  # anything of this protocol was seen

    @property
    def answer(self) -> Answer:
        return self._answer

    def feed(self, data: bytes) -> Iterator[Chunk]:
        for event in self._frames.feed(data):
            yield from self._event(event)

    def close(self) -> Iterator[Chunk]:
        for event in self._frames.close():
            yield from self._event(event)
        if not self._answer.complete:
            alien = not self._understood and (self._frames.foreign or self._frames.whole)
            self._answer.cut(foreign=self._frames.opening.decode("utf-8", "replace") if alien else "")
        yield self._finish()

    def _event(self, event: SseEvent) -> Iterator[Chunk]:
        if self._answer.ended:
            return
        value = self._value(event)
        if isinstance(value, dict):
            yield from self._object(value, event.event)
        elif not self._frames.whole:
            self._answer.skip_broken(event.data)

    def _value(self, event: SseEvent) -> object:
        return decode_json(event.data.encode())

    @abstractmethod
    def _object(self, value: JsonObject, event: str) -> Iterator[Chunk]:
        """One frame's object. `event` is the frame's name."""

    def _finish(self) -> Finish:
        return self._answer.finish()
