"""What became of an act: the answer to whoever did it, and to every screen that shows it."""

from monitor.wire.bed_parts import Utc
from monitor.wire.outbound import NOTICE, Published


class AnswerPayload(Published, frozen=True, kw_only=True):
    """One act of a person as it was taken, or why it was refused.

    ``id`` is that of the act, ``refused`` the reason in words, empty where it was taken.
    """

    id: str
    t: Utc
    session: str
    act: str
    by: str
    refused: str
    alert: str = ""
    step: str = ""
    notice: str = NOTICE
