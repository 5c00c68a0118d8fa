"""What can be technically wrong, as one table: its words, its priority, and what ends it.

A technical alert never says anything about a person; it says that somebody may be believed to be
watched who is not. Its cause is the key of the row, and where there can be several of a kind a
name after a colon: ``silent:hr``, ``clock:mon-1``. The last rows are about the monitor itself.
"""

from dataclasses import dataclass
from typing import Final

from monitor.facts.effects import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of technical alert; ``words`` may name ``{what}`` it is about and ``{more}``.

    ``over`` are the words for what is over and still told for a while; empty: it ends silently.
    """

    key: str
    words: str
    priority: Priority
    ends: str
    over: str = ""


_ROWS: Final = (
    Trouble(
        key="no-data",
        words="no data: every channel is silent",
        priority="medium",
        ends="any channel of the bed is heard",
    ),
    Trouble(
        key="silent",
        words="{what} is silent",
        priority="low",
        ends="the channel is heard, or its device as a whole is the trouble",
    ),
    Trouble(
        key="never-heard",
        words="never heard: {more}",
        priority="medium",
        ends="every channel and device that the session names was heard",
    ),
    Trouble(
        key="absent",
        words="{what} probe off: the device reports no value",
        priority="low",
        ends="the channel has a value again",
    ),
    Trouble(
        key="flat",
        words="{what} does not move: check the {more}",
        priority="low",
        ends="it has moved for the time of unsteady_clear",
    ),
    Trouble(
        key="moving",
        words="{what} jumps to and fro: motion? Check the {more}",
        priority="low",
        ends="it has not jumped for the time of unsteady_clear",
    ),
    Trouble(
        key="offline",
        words="device {what} is offline",
        priority="medium",
        ends="the device says that it is online",
    ),
    Trouble(
        key="device-silent",
        words="device {what} is silent",
        priority="medium",
        ends="anything of the device arrives",
    ),
    Trouble(
        key="wrong-bed",
        words="device {what} belongs to another bed: its values are quarantined",
        priority="medium",
        ends="it sent nothing here for the time of trouble_forgotten",
    ),
    Trouble(
        key="wrong-person",
        words="device {what} names {more}: its values are quarantined",
        priority="medium",
        ends="a person associates it with the bed, or it named nobody else for trouble_forgotten",
    ),
    Trouble(
        key="pump-contradicts",
        words="{more}",
        priority="medium",
        ends="pump and record agree",
    ),
    Trouble(
        key="clock",
        words="clock of device {what} is {more}: its times are corrected",
        priority="low",
        ends="a message of the device is on time",
    ),
    Trouble(
        key="late",
        words="data of device {what} arrive late: they are kept, not judged",
        priority="medium",
        ends="a message of the device is on time",
    ),
    Trouble(
        key="gap",
        words="messages of device {what} are missing: {more}",
        priority="low",
        ends="they arrive, the device restarts, or no more went missing for trouble_forgotten",
    ),
    Trouble(
        key="refused",
        words="messages of device {what} are refused: {more}",
        priority="medium",
        ends="none was refused for the time of trouble_forgotten",
    ),
    Trouble(
        key="unit",
        words="device {what} seems to send in another unit: {more}; its values are refused",
        priority="medium",
        ends="no value of it looked so for the time of trouble_forgotten",
    ),
    Trouble(
        key="unit-doubted",
        words="device {what} may send in another unit: {more}; its values count if they persist",
        priority="medium",
        ends="no value of it looked so for the time of trouble_forgotten",
    ),
    Trouble(
        key="rate",
        words="device {what} sends too often: what is more than {more} is not taken",
        priority="medium",
        ends="nothing of it was turned away for the time of trouble_forgotten",
    ),
    Trouble(
        key="broker-lost",
        words="no broker: nothing is told to anybody",
        priority="medium",
        ends="the broker is back; its length is then told for the time of over_told",
        over="the broker was lost for {more}: nothing was told to anybody",
    ),
    Trouble(
        key="path-unproven",
        words="alarm path unproven: the proof of the monitor does not come back",
        priority="medium",
        ends="a proof comes back; its length is then told for the time of over_told",
        over="the alarm path was unproven for {more}",
    ),
    Trouble(
        key="store-failing",
        words="the journal cannot be written: alerts go on, steps wait in memory",
        priority="medium",
        ends="everything that waited is written, or the journal is given up",
    ),
    Trouble(
        key="store-lost",
        words="the journal is given up: alerts go on, nothing is kept",
        priority="medium",
        ends="the monitor is started again",
    ),
    Trouble(
        key="resumed",
        words="nobody watched while the monitor was away",
        priority="medium",
        ends="it was told for the time of over_told",
        over="resumed after {more} unattended",
    ),
    Trouble(
        key="journal-salvaged",
        words="the journal was damaged: it goes on from its last good point",
        priority="medium",
        ends="it was told for the time of over_told",
        over="the journal was damaged: nothing is known of the {more} before this start",
    ),
    Trouble(
        key="taken-over",
        words="the monitor that spoke fell silent",
        priority="low",
        ends="it was told for the time of over_told",
        over="taken over by the standby, {more} after the last word of the other monitor",
    ),
    Trouble(
        key="config-refused",
        words="a changed configuration was refused: the one before it is in force",
        priority="medium",
        ends="a configuration is taken, or the monitor is started again",
    ),
    Trouble(
        key="publish-refused",
        words="the broker does not take what is to be told: the log says what (publish-refused)",
        priority="medium",
        ends="nothing was refused for a minute",
    ),
    Trouble(
        key="clock-set-back",
        words="the clock of this machine was set back: times go on as they were",
        priority="medium",
        ends="the clock and the times of the monitor agree",
    ),
    Trouble(
        key="clock-jumped",
        words="the clock of this machine jumped ahead",
        priority="medium",
        ends="it was told for the time of over_told",
        over="the clock of this machine jumped ahead by {more}: what was measured before is old",
    ),
    Trouble(
        key="standby-lost",
        words="no standby: the monitor that would take over does not answer",
        priority="low",
        ends="a standby is there again",
    ),
)

TROUBLES: Final = {row.key: row for row in _ROWS}
"""Every technical alert there is, by the key that its cause begins with."""


def cause(key: str, name: str = "") -> str:
    """Return the cause of a technical alert."""
    return f"{key}:{name}" if name else key


def label(key: str, *, what: str = "", more: str = "") -> str:
    """Return the words of a technical alert."""
    return TROUBLES[key].words.format(what=what, more=more)


def over_label(key: str, lasted_ms: int) -> str:
    """Return the words of a technical alert that is over; empty where it ends silently."""
    return TROUBLES[key].over.format(more=length(lasted_ms))


def length(ms: int) -> str:
    """Return a length of time in words.

    >>> length(45_000), length(1_443_000), length(7_200_000)
    ('45 s', '24 min 3 s', '2 h')
    """
    seconds = abs(ms) // 1000
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
