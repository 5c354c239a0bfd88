# The production image: the service and what it needs to run. PostgreSQL is elsewhere, at EVENT_PROCESSOR_DATABASE_URL.
#
#   docker build --tag event-processor .
#   docker run --read-only --env-file settings.env event-processor migrate
#   docker run --read-only --env-file settings.env --publish 8000:8000 event-processor
#
# Behind a package proxy, give pip's configuration to the build; neither file stays in the image:
#   docker build --secret id=pip.conf,src=pip.conf --secret id=ca.pem,src=ca.pem .
# The second is for a proxy with a certificate of its own; then pip.conf says cert = /run/secrets/ca.pem.

FROM python:3.13.9-slim-trixie AS base


FROM base AS builder
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# The lock files alone come first: the layer is built anew only when they change.
# Everything that is downloaded has its hash in a lock file and is a wheel: there is no compiler, and no setup.py runs.
# Of the development lock only the build backend is taken. If one day it needs more than is named, pip refuses.
# /opt/event-processor goes into the image, without pip; /opt/build stays behind.
COPY requirements.lock requirements-dev.lock ./
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.pem \
    sed -n -E '/^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/,/^ +#/p' requirements-dev.lock \
        > build.lock \
    && python3 -m venv /opt/build \
    && python3 -m venv --without-pip /opt/event-processor \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r build.lock \
    && /opt/build/bin/pip --python /opt/event-processor install --require-hashes --only-binary=:all: \
        --no-compile -r requirements.lock

# The bytecode is made here since the service may not write any. It is not compared with its source's modification
# time, which some image builders change.
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY docs/problems docs/problems
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/event-processor install --no-index --no-deps --no-compile dist/*.whl \
    && /opt/event-processor/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        /opt/event-processor/lib


FROM base
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="event-processor" \
      org.opencontainers.image.description="Receives an operator's bets and deposits, and contributes each once at the ThrillPots Gateway" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# It has a name since libraries look the user up, and a number since Kubernetes' runAsNonRoot trusts only numbers.
RUN useradd --no-log-init --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
    event-processor
COPY --from=builder /opt/event-processor /opt/event-processor

# Other containers reach the service only if it listens on every address. The port is set so that HEALTHCHECK knows it.
ENV PATH=/opt/event-processor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EVENT_PROCESSOR_SERVER__HOST=0.0.0.0 \
    EVENT_PROCESSOR_SERVER__PORT=8000

# An event-processor.toml that is mounted here is found without being named.
WORKDIR /etc/event-processor
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM

# Is the process alive? Not urllib: it would ask the proxy of a container that has one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["python3", "-I", "-c", "\
import http.client, os; \
live = http.client.HTTPConnection('127.0.0.1', int(os.environ['EVENT_PROCESSOR_SERVER__PORT']), timeout=4); \
live.request('GET', '/health/live'); \
raise SystemExit(live.getresponse().status != 200)"]

# No shell stands between: signals reach the service.
ENTRYPOINT ["event-processor"]
CMD ["serve"]
