#!/bin/sh
# Installs aigw for one user, without root: finds out the platform, downloads the archive of a release, compares its
# checksum, and puts the program into a directory of the user's.
#
#   curl -fsSL https://github.com/aigw/aigw/releases/latest/download/install.sh | sh
#
#   AIGW_VERSION    version to install, the latest if not given
#   AIGW_INSTALL    directory to install into, ~/.local if not given: bin/, share/man/, share/…/completions
#   AIGW_RELEASES   where releases are, https://github.com/aigw/aigw/releases if not given
set -eu

releases=${AIGW_RELEASES:-https://github.com/aigw/aigw/releases}
prefix=${AIGW_INSTALL:-${HOME:?}/.local}

say() { printf '%s\n' "aigw: $*" >&2; }
fail() { say "$*"; exit 1; }

platform() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no aigw for $(uname -s); it runs on Linux and macOS" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no aigw for $(uname -m); it runs on x86-64 and arm64" ;;
  esac
  # A shell under Rosetta takes an Apple processor for an Intel one.
  if [ "$os-$arch" = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then arch=arm64; fi
  libc=
  if [ "$os" = linux ] && is_musl; then libc=-musl; fi
  echo "$os-$arch$libc"
}

# Where both are, glibc's binary is the one that needs nothing else.
is_musl() {
  for loader in "${AIGW_ROOT:-}"/lib*/ld-linux-*.so.* "${AIGW_ROOT:-}"/lib/*/ld-linux-*.so.*; do
    if [ -e "$loader" ]; then return 1; fi
  done
  for loader in "${AIGW_ROOT:-}"/lib/ld-musl-*.so.1; do
    if [ -e "$loader" ]; then return 0; fi
  done
  return 1
}

download() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 2 -o "$2" "$1" || return 1
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1" || return 1
  else
    fail "curl or wget is needed to download $1"
  fi
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null; then shasum -a 256 "$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null; then openssl dgst -sha256 "$1" | sed 's/.* //'
  else fail "sha256sum, shasum or openssl is needed to check the download"
  fi
}

platform=$(platform)
case ${AIGW_VERSION:-} in
  '') from=$releases/latest/download ;;
  *) from=$releases/download/v${AIGW_VERSION#v} ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

download "$from/SHA256SUMS" "$work/SHA256SUMS" || fail "cannot get $from/SHA256SUMS"
line=$(grep -E "^[0-9a-f]{64}  aigw-[0-9][0-9A-Za-z.-]*-$platform\\.tar\\.gz\$" "$work/SHA256SUMS" || :)
case $line in
  '') fail "the release at $from has no archive for $platform" ;;
  *'
'*) fail "the release at $from has several archives for $platform" ;;
esac
wanted=${line%% *}
archive=${line##* }
name=${archive%.tar.gz}
say "downloading $from/$archive"
download "$from/$archive" "$work/$archive" || fail "cannot get $from/$archive"
found=$(sha256 "$work/$archive")
if [ "$found" != "$wanted" ]; then
  fail "$archive is not what the release says: its SHA-256 is $found, not $wanted; nothing was installed"
fi
tar -xzf "$work/$archive" -C "$work" || fail "cannot unpack $archive; nothing was installed"
"$work/$name/aigw" version >/dev/null 2>"$work/why" ||
  fail "the program does not run here: $(cat "$work/why"); nothing was installed"

put() {
  mkdir -p "$prefix/$(dirname "$2")"
  # Beside its place first, so that a running program is replaced and not written over.
  cp "$work/$name/$1" "$prefix/$2.new" && mv -f "$prefix/$2.new" "$prefix/$2" || fail "cannot write $prefix/$2"
  installed="$installed $prefix/$2"
}
installed=
put aigw bin/aigw
put aigw.1 share/man/man1/aigw.1
put completions/aigw.bash share/bash-completion/completions/aigw
put completions/_aigw share/zsh/site-functions/_aigw
put completions/aigw.fish share/fish/vendor_completions.d/aigw.fish

say "installed $("$prefix/bin/aigw" version | sed 's/.*: //') as $prefix/bin/aigw"
case :$PATH: in
  *":$prefix/bin:"*) ;;
  *) say "$prefix/bin is not on your PATH; add it with: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
say "to undo this: rm$installed"
