FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The dev dependency `node` is a glibc binary and cannot run on Alpine: skip its install script and start tsc with the
# image's own Node.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY sql ./sql
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json && chmod +x dist/main.js && node dist/prepare.js

FROM node:24-alpine AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional peers of the package, included here so that sinks to NATS JetStream work out of the box.
RUN npm ci --omit=dev --ignore-scripts && npm install --no-save --omit=dev --ignore-scripts \
  @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0

FROM node:24-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=7411 DAYBOOK_DATA=/data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY sql ./sql
RUN ln -s /app/dist/main.js /usr/local/bin/daybook && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 7411
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --start-interval=1s CMD ["daybook", "healthcheck"]
CMD ["daybook", "serve"]
