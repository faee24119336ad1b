# Two images of one build: `pagetide`, the program, and `mock`, the API of tests and the demo.
FROM debian:12-slim AS build
WORKDIR /src
COPY tools/deps.sh tools/
RUN tools/deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -s -j"$(nproc)" build build/release/bench/mock \
    && strip build/release/pagetide build/release/bench/mock

FROM debian:12-slim AS libraries
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libevent-2.1-7 \
        libevent-pthreads-2.1-7 libexpat1 libfyaml0 libhiredis0.14 libjansson4 libpq5 libssl3 libxxhash0 zlib1g \
    && rm -rf /var/lib/apt/lists/* /usr/bin/openssl \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin pagetide

FROM libraries AS mock
RUN apt-get update && apt-get install -y --no-install-recommends iso-codes \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/release/bench/mock /usr/local/bin/
USER 10001
ENTRYPOINT ["mock"]
CMD ["--all", "--port", "8080"]

FROM libraries AS pagetide
COPY --from=build /src/build/release/pagetide /usr/local/bin/
COPY --chmod=755 docker/healthcheck.sh /usr/local/bin/healthcheck
ENV PAGETIDE_CONFIG=/etc/pagetide
WORKDIR /etc/pagetide
USER 10001
ENTRYPOINT ["pagetide"]
CMD ["up"]
