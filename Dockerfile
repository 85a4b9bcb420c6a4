# The image of kube-ipvs: Node, one bundled program, the addon that it speaks netlink with, and iptables. It needs the
# capabilities NET_ADMIN and, for iptables' set match, NET_RAW in the network namespace of the node, and nothing else;
# modules are the node's business.
FROM node:24-bookworm AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm_config_nodedir=/usr/local npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.ts && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends iptables kmod \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/kube-ipvs
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/dist/kube-ipvs.mjs dist/
COPY --from=build /src/node_modules node_modules
RUN ln -s /opt/kube-ipvs/dist/kube-ipvs.mjs /usr/local/bin/kube-ipvs && kube-ipvs --version
LABEL org.opencontainers.image.title="kube-ipvs" \
    org.opencontainers.image.description="Kubernetes service load balancing in the kernel's IPVS" \
    org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["kube-ipvs"]
CMD ["run", "--help"]
