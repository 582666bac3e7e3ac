"""The commands of `parley`, one module each; `streaming.cli` imports the one that is asked for.

Each has `add_arguments(parser)` and `run(arguments) -> int`, which returns the exit
code and may raise the errors of `voice.errors`.
"""
