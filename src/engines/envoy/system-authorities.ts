import { existsSync, writeFileSync } from "node:fs";
import { rootCertificates } from "node:tls";

/** Where systems keep what they trust. */
const usualFiles = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
  "/etc/pki/tls/certs/ca-bundle.crt", // older RHEL
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/ssl/cert.pem", // macOS, Alpine, BSDs
  "/opt/homebrew/etc/ca-certificates/cert.pem",
  "/usr/local/etc/ca-certificates/cert.pem",
];

/**
 * A PEM bundle of the authorities that this machine trusts: `SSL_CERT_FILE`, else the first usual place that is there,
 * else `fallback`, into which Mozilla's list, as the runtime brings it, is written.
 */
export function findSystemAuthorities(
  environment: { readonly [name: string]: string | undefined },
  fallback: string,
  usual: readonly string[] = usualFiles,
): string {
  const chosen = environment["SSL_CERT_FILE"];
  const found = [...(chosen ? [chosen] : []), ...usual].find((file) => existsSync(file));
  if (found !== undefined) return found;
  writeFileSync(fallback, rootCertificates.join("\n"), { mode: 0o600 });
  return fallback;
}
