# nano-sre with Chromium, as an unprivileged user. docs/ci.md says how to run it and what the sandbox needs.
#
#   docker build -t nano-sre .
#   docker run --rm --init --security-opt seccomp=unconfined nano-sre run checkout --url https://my-shop.example

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      gcc libc6-dev libcurl4-openssl-dev libdeflate-dev libev-dev libluajit-5.1-dev libspng-dev libsqlite3-dev libssl-dev \
      libwebsockets-dev lua-argparse lua-cjson-dev luajit make pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make -j"$(nproc)" all && make install DESTDIR=/out PREFIX=/usr/local

FROM debian:bookworm-slim
# Fonts for the languages of your shop, for example fonts-noto-cjk or fonts-noto-color-emoji.
ARG EXTRA_PACKAGES=""
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates chromium-headless-shell fonts-dejavu-core libcurl4 libev4 libluajit-5.1-2 libspng0 \
      libsqlite3-0 libssl3 libwebsockets17 libwebsockets-evlib-ev tzdata zlib1g $EXTRA_PACKAGES \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /home/nano-sre --shell /usr/sbin/nologin nano-sre \
    && install -d -o nano-sre -g nano-sre /data
COPY --from=build /out/usr/local/bin/nano-sre /usr/local/bin/nano-sre
COPY docker/chromium-headless-shell /usr/local/bin/chromium-headless-shell
# A project mounted at /data is found; without one, results and reports are kept below it all the same.
ENV HOME=/home/nano-sre LANG=C.UTF-8 CHROMIUM_SANDBOX=on
USER nano-sre
WORKDIR /data
ENTRYPOINT ["nano-sre"]
CMD ["--help"]
