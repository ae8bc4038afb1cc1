# Rollguard's image: Node.js, the libraries it links, and the program in one bundle with the packages
# it needs, and nothing else: no shell, no package manager. It runs on a read-only root file system.
#
# The last stage's instructions are also read by packaging/image/layers.ts, which makes the same
# image without a container engine. Keep to one source and one destination a COPY there.

FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-progress
COPY . .
RUN npm run bundle

# The Node.js the lock file pins, and what the dynamic linker and OpenSSL look for.
FROM debian:12-slim AS runtime
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates libstdc++6
COPY --from=build /source/node_modules/node-linux-*/bin/node /runtime/usr/local/bin/node
RUN for file in $(ldd /runtime/usr/local/bin/node | grep -o '/[^ ]*') \
      /etc/ssl/certs/ca-certificates.crt /etc/nsswitch.conf; do \
      cp --parents --dereference "$file" /runtime/; \
    done \
    && echo 'rollguard:x:65532:65532::/:/usr/sbin/nologin' > /runtime/etc/passwd

FROM scratch
COPY --from=runtime /runtime /
COPY --from=build /source/build/bundle /app
WORKDIR /app
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "/app/main.js"]
