import { z } from "zod";
import { Quantity } from "../common.ts";
import { CaReference } from "../gateway-api/backend-tls-policy.ts";
import { notYet, refused } from "../support.ts";
import { policyTargets, targetRules } from "./policy-targets.ts";

const Version = z.enum(["Auto", "1.0", "1.1", "1.2", "1.3"]);
const order = ["1.0", "1.1", "1.2", "1.3"];

const Tls = z
  .strictObject({
    minVersion: Version.default("1.2"),
    maxVersion: Version.default("1.3"),
    clientValidation: z
      .strictObject({
        optional: z.boolean().default(false),
        caCertificateRefs: z.array(CaReference).max(8).default([]),
        certificateHashes: refused(),
        spkiHashes: refused(),
        subjectAltNames: refused(),
        crl: refused(),
      })
      .optional(),
    alpnProtocols: notYet(),
    session: notYet(),
    fingerprints: notYet(),
    ciphers: refused(),
    ecdhCurves: refused(),
    signatureAlgorithms: refused(),
  })
  .refine(
    ({ minVersion, maxVersion }) =>
      maxVersion === "Auto" ||
      order.indexOf(minVersion === "Auto" ? "1.2" : minVersion) <= order.indexOf(maxVersion),
    { error: "minVersion must be smaller or equal to maxVersion", path: ["minVersion"] },
  );

export const ClientTrafficPolicy = {
  spec: targetRules(
    z.strictObject({
      ...policyTargets,
      connection: z
        .strictObject({
          bufferLimit: Quantity.optional().meta({
            description: "Largest request body; above it the client gets 413",
          }),
          connectionLimit: notYet(),
          maxAcceptPerSocketEvent: notYet(),
          socketBufferLimit: notYet(),
        })
        .optional(),
      clientIPDetection: z
        .strictObject({
          xForwardedFor: z
            .strictObject({ numTrustedHops: z.int().min(0).optional(), trustedCIDRs: refused() })
            .optional(),
          customHeader: refused(),
          directSourceIP: z.strictObject({}).optional(),
        })
        .refine((detection) => Object.values(detection).filter((way) => way !== undefined).length === 1, {
          error: "exactly one of xForwardedFor, customHeader or directSourceIP must be set",
        })
        .optional(),
      enableProxyProtocol: notYet(),
      headers: notYet(),
      healthCheck: notYet(),
      http1: notYet(),
      http2: notYet(),
      http3: notYet(),
      path: notYet(),
      proxyProtocol: notYet(),
      scheme: notYet(),
      tcpKeepalive: notYet(),
      timeout: notYet(),
      tls: Tls.optional(),
    }),
  ),
};
