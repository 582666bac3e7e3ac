# syntax=docker/dockerfile:1

# docker build -t parley .                                    on the CPU
# docker build -t parley:cuda --build-arg ACCELERATOR=cuda .  on an NVIDIA GPU
#
# docker run --rm -p 8765:8765 parley
# docker run --rm -p 8765:8765 --gpus all parley:cuda
#
# Everything is in the image: it downloads nothing when it starts, writes nothing, and
# runs as nobody in particular (--read-only --tmpfs /tmp --cap-drop ALL works). Models,
# voices and a home of your own are mounted and named by settings:
#   -v /models/whisper:/models:ro -e PARLEY_MODELS__RECOGNIZER=/models

ARG PYTHON=3.12

# --- Building: pip, hatchling and the sources stay behind here -----------------
FROM python:${PYTHON}-slim AS build

# cpu, or cuda: the libraries that CTranslate2 loads (cuBLAS and cuDNN, over 1 GB; the
# driver comes from the host). Torch is needed by neither.
ARG ACCELERATOR=cpu

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1

RUN python -m venv /opt/parley
WORKDIR /src

# The dependencies change less often than the code, so they are a layer of their own.
COPY requirements.lock requirements-cuda.lock ./
RUN case "$ACCELERATOR" in \
        cpu) lock=requirements.lock ;; \
        cuda) lock=requirements-cuda.lock ;; \
        *) echo "ACCELERATOR must be cpu or cuda, not '$ACCELERATOR'" >&2; exit 1 ;; \
    esac \
    && /opt/parley/bin/pip install --quiet --no-deps --only-binary :all: \
        --require-hashes --requirement "$lock"

COPY pyproject.toml README.md LICENSE ./
COPY docs/licences.md docs/
COPY audio_fixtures/ audio_fixtures/
COPY models/ models/
COPY streaming/ streaming/
COPY voice/ voice/
RUN /opt/parley/bin/pip install --quiet --no-deps --no-build-isolation .

# The server does without what has built it, and starts faster with what is compiled.
# The link stands for the folder of CUDA libraries, if there is one: its path would have
# the version of Python in it.
RUN /opt/parley/bin/pip uninstall --quiet --yes \
        hatchling pathspec pluggy tomlkit trove-classifiers pip \
    && python -m compileall -q /opt/parley/lib \
    && ln -s /opt/parley/lib/python*/site-packages/nvidia /opt/parley/nvidia

# --- Running --------------------------------------------------------------------
FROM python:${PYTHON}-slim

LABEL org.opencontainers.image.title="Parley" \
    org.opencontainers.image.description="A multilingual speech assistant inside your own walls" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /tmp

COPY --from=build /opt/parley /opt/parley

# Inside a container 127.0.0.1 is nobody's; who may reach the port is decided outside.
# LD_LIBRARY_PATH is for the CUDA libraries; in an image without them it names nothing.
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    HF_HUB_OFFLINE=1 \
    LD_LIBRARY_PATH=/opt/parley/nvidia/cublas/lib:/opt/parley/nvidia/cuda_nvrtc/lib:/opt/parley/nvidia/cudnn/lib \
    PARLEY_SERVER__HOST=0.0.0.0 \
    PARLEY_SERVER__PORT=8765

EXPOSE 8765

# The models take a few seconds to load. Alive is /healthz; whether to send it people is
# a question for the load balancer, and /readyz answers it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PARLEY_SERVER__PORT'] + '/healthz', timeout=4)"]

# SIGTERM lets running turns end (server.drain_timeout_s): docker stop --time 40.
STOPSIGNAL SIGTERM
CMD ["parley", "serve"]
