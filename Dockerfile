# syntax=docker/dockerfile:1
# Two stages: wheels are built where compilers and the source may be, and only wheels go into the image that runs.
FROM python:3.11 AS build
WORKDIR /source
COPY . .
# What was fetched for the build before is kept beside the image, so that a changed line of ours fetches nothing anew.
RUN --mount=type=cache,target=/fetched pip wheel --cache-dir /fetched --wheel-dir /wheels .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home trappvakt \
    && install --directory --owner=trappvakt --mode=700 /data
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links=/wheels trappvakt
COPY --chmod=644 config/container.toml /etc/trappvakt.toml

# By number, so that a cluster that refuses root can tell that this is not root.
USER 10001
ENV TRAPPVAKT_CONFIG=/etc/trappvakt.toml PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/live', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["trappvakt"]
CMD ["serve"]
