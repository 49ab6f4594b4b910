import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import type { UpstreamTlsOptions } from "./runtime.ts";

type Names = NonNullable<UpstreamTlsOptions["names"]>;

/** A check for TLS clients: `undefined` if the certificate carries one of the names, else the error that ends the handshake. */
export function checkNames(names: Names): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, { raw }) => {
    const certificate = new X509Certificate(raw);
    if (names.some((name) => carries(certificate, name))) return undefined;
    const wanted = names.map(({ type, value }) => `${type}:${value}`).join(", ");
    const error = new Error(
      `the upstream's certificate is for ${certificate.subjectAltName ?? "no name"}, not for ${wanted}`,
    );
    return Object.assign(error, { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  };
}

function carries(certificate: X509Certificate, { type, value }: Names[number]): boolean {
  // The subject's common name is no name of a server (RFC 9525).
  if (type === "dns") return certificate.checkHost(value, { subject: "never" }) !== undefined;
  if (type === "ip") return certificate.checkIP(value) !== undefined;
  return (certificate.subjectAltName ?? "").split(", ").includes(`URI:${value}`);
}
