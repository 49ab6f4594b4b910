import { z } from "zod";
import { Hostname, Name, TargetRef } from "../common.ts";
import { refused } from "../support.ts";

/** A Secret or ConfigMap with PEM certificates. */
export const CaReference = z.strictObject({ group: z.string().default(""), kind: z.string(), name: Name });

const SubjectAltName = z
  .strictObject({
    type: z.enum(["Hostname", "URI"]),
    hostname: Hostname.optional(),
    uri: z.string().min(1).max(253).optional(),
  })
  .refine((name) => (name.type === "Hostname") === (name.hostname !== undefined), {
    error: "must have hostname exactly when type is Hostname",
  })
  .refine((name) => (name.type === "URI") === (name.uri !== undefined), {
    error: "must have uri exactly when type is URI",
  });

export const BackendTLSPolicy = {
  spec: z.strictObject({
    targetRefs: z.array(TargetRef).min(1).max(16),
    validation: z
      .strictObject({
        // An IP address is allowed: the reference writes one where the endpoint is one.
        hostname: z.string().min(1).max(253),
        wellKnownCACertificates: z.enum(["System"]).optional(),
        caCertificateRefs: z.array(CaReference).max(8).default([]),
        subjectAltNames: z.array(SubjectAltName).max(5).default([]),
      })
      .refine(
        ({ caCertificateRefs: refs, wellKnownCACertificates: known }) =>
          refs.length === 0 || known === undefined,
        {
          error: "must not contain both caCertificateRefs and wellKnownCACertificates",
        },
      )
      .refine(
        ({ caCertificateRefs: refs, wellKnownCACertificates: known }) =>
          refs.length > 0 || known !== undefined,
        {
          error: "must specify either caCertificateRefs or wellKnownCACertificates",
        },
      ),
    options: refused(),
  }),
};
