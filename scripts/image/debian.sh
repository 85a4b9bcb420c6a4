#!/usr/bin/env bash
# Unpacks the Debian packages that the image is made of into a new folder: what Node and iptables need, without a shell, a
# package manager or anything else. Their control files stand where scanners look for them.
#   debian.sh FOLDER
set -euo pipefail

target=$1
packages=(base-files netbase libc6 libgcc-s1 libstdc++6 iptables libip4tc2 libip6tc2 libxtables12 libmnl0
  libnetfilter-conntrack3 libnfnetlink0 libnftnl11)

downloads=$(mktemp -d)
trap 'rm -rf "$downloads"' EXIT
download() { (cd "$downloads" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}"); }
# A fresh base image has no lists, and those of another machine may name what is gone.
download 2>/dev/null || { apt-get -qq update && download; }

mkdir -p "$target"/usr/{bin,sbin,lib,lib64} "$target"/var/lib/dpkg/status.d
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$target/$folder"; done
for package in "$downloads"/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$target"
  dpkg-deb -f "$package" >"$target/var/lib/dpkg/status.d/$(dpkg-deb -f "$package" Package)"
done

# Character sets, translations and manuals; of the documents the licences stay.
rm -rf "$target"/usr/lib/*/gconv "$target"/usr/share/{man,locale,lintian,bug,info,base-files,iptables}
find "$target/usr/share/doc" -type f ! -name copyright -delete

mkdir -p "$target"/{dev,proc,sys,run/kube-ipvs,root,tmp,etc/kube-ipvs,lib/modules,host/proc/sys/net}
rm -rf "$target/var/run" "$target/var/lock"
ln -s /run "$target/var/run"
chmod 1777 "$target/tmp"
printf 'root:x:0:0:root:/root:/nonexistent\nnobody:x:65534:65534:nobody:/nonexistent:/nonexistent\n' >"$target/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$target/etc/group"
printf 'hosts: files dns\n' >"$target/etc/nsswitch.conf"

# Both flavours, whichever the node uses: what is missing shows here and not on a node.
for program in iptables-nft ip6tables-nft-restore iptables-legacy ip6tables-legacy-save; do
  chroot "$target" "$program" --version >/dev/null
done
