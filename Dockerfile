# Rollguard's image: Node.js, the libraries it links, the production packages and the compiled
# program, and nothing else: no shell, no package manager. It runs on a read-only root file system.
#
# The last stage's instructions are also read by test/cluster/images.ts, which makes the same
# image without a container engine. Keep to one source and one destination a COPY there.

FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-progress
COPY . .
RUN npm run build

FROM node:24-bookworm-slim AS modules
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-progress --omit=dev --omit=optional
# A third of it is for compilers and debuggers.
RUN find node_modules -type f -regex '.*\.\(d\.[cm]?ts\|map\)' -delete

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
COPY --from=modules /source/node_modules /app/node_modules
COPY --from=build /source/package.json /app/package.json
COPY --from=build /source/build/src /app/build/src
COPY --from=build /source/build/webhooks /app/build/webhooks
COPY --from=build /source/build/certs /app/build/certs
WORKDIR /app
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "/app/build/src/main.js"]
