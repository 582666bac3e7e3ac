"""Runs a file as if it were typed in ``python -m asyncio``: it may await anywhere."""

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from types import FunctionType

path = Path(sys.argv[1])
code = compile(
    path.read_text(encoding="utf-8"), path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
)
result = FunctionType(code, {"__name__": "__main__"})()
if inspect.iscoroutine(result):
    asyncio.run(result)
