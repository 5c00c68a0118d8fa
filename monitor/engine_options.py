"""Options of every command that works over many files, and what they mean."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.engines.work import Engine


class EngineName(StrEnum):
    """Who does the work."""

    SERIAL = "serial"
    PROCESSES = "processes"
    DASK = "dask"


Jobs = Annotated[int, typer.Option(min=1, help="Processes of this machine.")]
Scheduler = Annotated[
    str, typer.Option(help="Address of a Dask scheduler; default: one of our own.")
]
Chunk = Annotated[int, typer.Option(min=1, help="Files that a worker takes at once.")]
Resume = Annotated[
    Path | None, typer.Option(help="File in which results are kept, to go on after a stop.")
]


def engine_of(name: EngineName, jobs: int, scheduler: str) -> "Engine":
    """Return the engine that an option names."""
    if name is EngineName.DASK:
        try:
            from monitor.engines.cluster import DaskEngine
        except ImportError as fault:
            raise typer.BadParameter(
                "--engine dask needs the extra: pip install 'infusion-reaction-monitor[cluster]'"
            ) from fault
        return DaskEngine(address=scheduler, jobs=jobs)
    from monitor.engines.local import ProcessEngine, SerialEngine

    return ProcessEngine(jobs) if name is EngineName.PROCESSES else SerialEngine()
