# The image of kube-ipvs: Node, one bundled program, the addon that it speaks netlink with, and iptables in both flavours, of
# which the program takes the one that the node uses. No shell, no package manager, no compiler.
#
# It needs the capabilities NET_ADMIN and, for iptables' set match, NET_RAW in the network namespace of the node, and nothing
# else; modules are the node's business. Its root file system may be read-only, with /run/xtables.lock of the node, its
# /proc/sys/net at /host/proc/sys/net to write kernel settings, and a folder of its own at /run/kube-ipvs.
# docs/decisions/image.md tells why it is made so.
ARG NODE_VERSION=24.21.0
ARG NODE_IMAGE=node:${NODE_VERSION}-bookworm

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm_config_nodedir=/usr/local npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.ts
# All files get one time, so that the same sources and packages make the same layer.
ARG SOURCE_DATE_EPOCH=0
RUN scripts/image/debian.sh /image && node scripts/image/tree.ts /image && chroot /image kube-ipvs --version \
    && find /image -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM scratch
ARG NODE_VERSION
ARG VERSION=unknown
ARG REVISION=unknown
COPY --from=build /image /
ENV PATH=/usr/sbin:/usr/bin
# Netlink looks at capabilities, which a process of another user of a pod does not get: SECURITY.md, "Capabilities".
# hadolint ignore=DL3002
USER 0:0
LABEL org.opencontainers.image.title="kube-ipvs" \
    org.opencontainers.image.description="Kubernetes service load balancing in the kernel's IPVS" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    io.kube-ipvs.node-version="${NODE_VERSION}" \
    io.kube-ipvs.capabilities="NET_ADMIN NET_RAW"
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/kube-ipvs"]
CMD ["run", "--help"]
