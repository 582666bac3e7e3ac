"""Work that is done together and succeeds or fails as one."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

__all__ = ["all_together"]


async def all_together(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Run all at once; when one fails, the others are cancelled.

    Raises:
        Exception: what the first one failed of, by itself and not in a group: who
            asked for several things at once wants one reason.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None
