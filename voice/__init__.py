"""The conversation: what one is. No event loop, no socket, no wall clock here."""

import os

# onnxruntime tells its maker how it is used, and keeps a number for the machine, unless
# this stands before it is loaded. Nothing leaves; whoever loads a model of ours comes
# through here first, and so do the processes that they start.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# numpy's matrices are small here: a pool of threads that wait for each other costs a busy
# machine far more than it saves, and would do so on the event loop.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
