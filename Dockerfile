FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config \
    libhiredis-dev libcurl4-openssl-dev libjansson-dev libpq-dev libevent-dev libfyaml-dev \
    libssl-dev libxxhash-dev
COPY . /src
RUN make -C /src -s -j"$(nproc)" build

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    libhiredis0.14 libcurl4 libjansson4 libpq5 libevent-2.1-7 libevent-pthreads-2.1-7 \
    libfyaml0 libssl3 libxxhash0 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home pagetide
COPY --from=build /src/build/release/pagetide /usr/local/bin/pagetide
USER pagetide
ENTRYPOINT ["pagetide"]
