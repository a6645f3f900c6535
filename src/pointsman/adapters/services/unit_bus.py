"""systemd over D-Bus: what units are, and a word whenever one changed, with no child process for either.

It only looks. What changes a unit stays the command that the confirmation names. Needs `dbus-fast` (the extra `dbus`)
and a bus; where one of them is not there, the caller asks `systemctl` instead.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

Properties = Mapping[str, str]
_SYSTEMD, _ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER, _PROPERTIES = f"{_SYSTEMD}.Manager", "org.freedesktop.DBus.Properties"
_DBUS, _DBUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
_SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
_SECONDS = 3.0  # for an answer
_AGAIN_S = 30.0  # before a bus that was not there is looked for again
_INTERFACES = (f"{_SYSTEMD}.Unit", f"{_SYSTEMD}.Service")


class NoBus(Exception):
    """It cannot be asked; the text says why."""


class UnitBus:
    """One connection, made when it is first needed and again when it was lost."""

    def __init__(
        self, *, user: bool, environ: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = _user_bus(environ) if user else environ.get("DBUS_SYSTEM_BUS_ADDRESS", _SYSTEM_BUS)
        self._monotonic = monotonic
        self._bus: MessageBus | None = None
        self._paths: dict[str, str] = {}  # of the units that are watched
        self._not_before = float("-inf")
        self._turn = asyncio.Lock()
        self.changed: Callable[[], None] = lambda: None  # called when a unit that was looked at has changed

    async def show(self, units: Sequence[str]) -> tuple[Properties, ...]:
        """As `systemctl show` would print them. Raises NoBus."""
        async with self._turn:
            bus = await self._connected()
            try:
                async with asyncio.timeout(_SECONDS):
                    return tuple([await self._unit(bus, unit) for unit in units])
            except (TimeoutError, OSError, EOFError) as lost:
                self._lose()
                raise NoBus(f"the bus was lost: {lost}") from None

    async def aclose(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    # --- the connection

    async def _connected(self) -> MessageBus:
        if self._bus is not None and self._bus.connected:
            return self._bus
        if self._monotonic() < self._not_before:
            raise NoBus("there was no bus a moment ago")
        self._lose()
        self._bus = await self._connect()
        return self._bus

    def _lose(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
        self._bus, self._paths = None, {}
        self._not_before = self._monotonic() + _AGAIN_S

    async def _connect(self) -> MessageBus:
        if not _may_answer(self._address):
            raise NoBus(f"no bus at {self._address}")  # known without loading the library
        try:
            await asyncio.to_thread(import_module, "dbus_fast.aio")  # takes longer than a frame of the screen may
            from dbus_fast.aio import MessageBus
            from dbus_fast.errors import DBusError
        except ImportError:
            raise NoBus("dbus-fast is not installed") from None
        try:
            async with asyncio.timeout(_SECONDS):
                bus = await MessageBus(bus_address=self._address).connect()
                bus.add_message_handler(self._heard)
                await _call(bus, _ROOT, _MANAGER, "Subscribe")
        except (OSError, EOFError, TimeoutError, ValueError, DBusError) as problem:
            raise NoBus(f"no bus at {self._address}: {problem}") from None
        return bus

    # --- units

    async def _unit(self, bus: MessageBus, unit: str) -> Properties:
        path = self._paths.get(unit) or await self._watched(bus, unit)
        told: dict[str, str] = {}
        for interface in _INTERFACES:
            (found,) = await _call(bus, path, _PROPERTIES, "GetAll", "s", [interface])
            told |= {name: _shown(name, variant.value) for name, variant in found.items()}
        return told

    async def _watched(self, bus: MessageBus, unit: str) -> str:
        """Its object; from now on its changes are heard, and those of nobody else."""
        (path,) = await _call(bus, _ROOT, _MANAGER, "LoadUnit", "s", [unit])
        rule = f"type='signal',sender='{_SYSTEMD}',interface='{_PROPERTIES}',member='PropertiesChanged',path='{path}'"
        await _call(bus, _DBUS_PATH, _DBUS, "AddMatch", "s", [rule], to=_DBUS)
        self._paths[unit] = str(path)
        return str(path)

    def _heard(self, message: Message) -> None:
        if message.member == "PropertiesChanged" and message.path in self._paths.values():
            self.changed()


async def _call(
    bus: MessageBus,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    body: Sequence[Any] = (),
    to: str = _SYSTEMD,
) -> Sequence[Any]:
    """The body of the answer. Raises NoBus for an error: nothing that is asked here can fail while systemd is well."""
    from dbus_fast import Message, MessageType

    asked = Message(destination=to, path=path, interface=interface, member=member, signature=signature, body=list(body))
    answer = await bus.call(asked)
    if answer is None or answer.message_type is MessageType.ERROR:
        raise NoBus(f"{member}: {answer.body if answer is not None else 'no answer'}")
    return answer.body


def _user_bus(environ: Mapping[str, str]) -> str:
    runtime = environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    return environ.get("DBUS_SESSION_BUS_ADDRESS", f"unix:path={runtime}/bus")


def _may_answer(address: str) -> bool:
    """False where it names only sockets that are not there."""
    prefix = "unix:path="
    places = [place for place in address.split(";") if place]
    paths = [place.removeprefix(prefix).partition(",")[0] for place in places if place.startswith(prefix)]
    return len(paths) < len(places) or any(os.path.exists(path) for path in paths)


# --- pure ------------------------------------------------------------------------------------------------------------


def _shown(name: str, value: object) -> str:
    """A property as `systemctl show` writes it, so that both are read by the same eyes."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    if name == "StartLimitIntervalUSec":
        return f"{value}us"
    return str(value)
