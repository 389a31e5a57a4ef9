# The programs of the client tests and of the benchmark, from Debian's packages.

# program:package
tools="dockerd:docker.io docker:docker.io containerd:containerd ctr:containerd runc:runc
  podman:podman conmon:conmon skopeo:skopeo buildah:buildah docker-registry:docker-registry
  wrk:wrk hey:hey curl:curl openssl:openssl zstd:zstd busybox:busybox-static
  python3:python3 unshare:util-linux nsenter:util-linux mount:mount"

policy=

install_tools() {
  local tool missing=()
  for tool in $tools; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  # Debian keeps what venv needs in a package of its own, which has no program.
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  # The client tests unpack newer clients of Debian's unstable suite, and check its signature.
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} -gt 0 ] || return 0
  # Packages of daemons start them; the tests start their own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null || return
    policy=/usr/sbin/policy-rc.d
    as_root chmod 755 "$policy" || return
  fi
  as_root apt-get update -qq || return
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

# The trap at the end of the run.
remove_policy() {
  if [ -n "$policy" ]; then as_root rm -f "$policy"; fi
}
