import { z } from "zod";
import { Name } from "../common.ts";
import { CaReference } from "../gateway-api/backend-tls-policy.ts";
import { notYet, refused } from "../support.ts";

const EndpointPort = z.int().min(0).max(65_535);

const Endpoint = z
  .strictObject({
    fqdn: z.strictObject({ hostname: z.string().min(1).max(253), port: EndpointPort }).optional(),
    ip: z.strictObject({ address: z.string().min(2).max(64), port: EndpointPort }).optional(),
    unix: z.strictObject({ path: z.string().min(1).max(108) }).optional(),
    hostname: z.string().min(1).max(253).optional().meta({ description: "Name for Host and TLS" }),
    zone: notYet(),
  })
  .refine(({ fqdn, ip, unix }) => [fqdn, ip, unix].filter((kind) => kind !== undefined).length === 1, {
    error: "exactly one of fqdn, ip and unix must be specified",
  });

const Tls = z
  .strictObject({
    wellKnownCACertificates: z.enum(["System"]).optional(),
    caCertificateRefs: z.array(CaReference).max(8).default([]),
    insecureSkipVerify: z.boolean().default(false),
    sni: Name.optional(),
    autoSNIFromEndpointHostname: z.boolean().default(false),
    clientCertificateRef: refused(),
    alpnProtocols: refused(),
    minVersion: refused(),
    maxVersion: refused(),
    ciphers: refused(),
    ecdhCurves: refused(),
    signatureAlgorithms: refused(),
  })
  .refine(
    (tls) =>
      !tls.insecureSkipVerify ||
      (tls.wellKnownCACertificates === undefined && tls.caCertificateRefs.length === 0),
    {
      error: "must not contain CA certificates when insecureSkipVerify is true",
      path: ["insecureSkipVerify"],
    },
  )
  .refine((tls) => tls.wellKnownCACertificates === undefined || tls.caCertificateRefs.length === 0, {
    error: "must not contain both caCertificateRefs and wellKnownCACertificates",
  })
  .refine((tls) => tls.sni === undefined || !tls.autoSNIFromEndpointHostname, {
    error: "must not contain both sni and autoSNIFromEndpointHostname",
    path: ["sni"],
  });

export const Backend = {
  spec: z
    .strictObject({
      type: z.enum(["Endpoints", "DynamicResolver"]).default("Endpoints"),
      endpoints: z.array(Endpoint).max(256).default([]),
      fallback: z
        .boolean()
        .default(false)
        .meta({ description: "Without effect on AI routes, where the reference's priority decides" }),
      appProtocols: notYet(),
      tls: Tls.optional(),
    })
    .refine(({ type, endpoints }) => type === "DynamicResolver" || endpoints.length > 0, {
      error: "should have at least 1 items",
      path: ["endpoints"],
    })
    .refine(({ type, endpoints }) => type !== "DynamicResolver" || endpoints.length === 0, {
      error: "must not have endpoints when type is DynamicResolver",
      path: ["endpoints"],
    })
    .refine(
      ({ endpoints }) => {
        const names = endpoints.filter(({ fqdn }) => fqdn !== undefined).length;
        return names === 0 || names === endpoints.length;
      },
      { error: "fqdn addresses cannot be mixed with other address types", path: ["endpoints"] },
    ),
};
