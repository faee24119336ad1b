# Two images of one build: `pagetide`, the program, and `mock`, the API of tests and the demo.
# Each holds its program and what docker/root.sh collects for it: no shell, no package manager.
ARG BASE=debian:12-slim
FROM ${BASE} AS build
WORKDIR /src
COPY tools/deps.sh tools/
RUN tools/deps.sh build \
    && apt-get install -y --no-install-recommends ca-certificates iso-codes tzdata \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -s -j"$(nproc)" build build/release/bench/mock \
    && strip build/release/pagetide build/release/bench/mock \
    && docker/root.sh /image/pagetide build/release/pagetide \
    && docker/root.sh /image/mock build/release/bench/mock /usr/share/iso-codes/json

FROM scratch AS mock
COPY --from=build /image/mock/ /
ENV PATH=/usr/local/bin
USER 10001
ENTRYPOINT ["mock"]
CMD ["--all", "--port", "8080"]

FROM scratch AS pagetide
COPY --from=build /image/pagetide/ /
ENV PATH=/usr/local/bin PAGETIDE_CONFIG=/etc/pagetide
WORKDIR /etc/pagetide
USER 10001
ENTRYPOINT ["pagetide"]
CMD ["up"]
