import { z } from "zod";
import {
  byName,
  duplicate,
  groups,
  Hostname,
  Name,
  Port,
  SecretReference,
  SubdomainName,
  unique,
} from "../common.ts";
import { notYet, refused } from "../support.ts";

const AllowedRoutes = z.strictObject({
  namespaces: z
    .strictObject({
      from: z.enum(["All", "Same", "Selector", "None"]).default("Same"),
      selector: z.unknown().optional(),
    })
    .prefault({}),
  kinds: z.array(z.strictObject({ group: z.string().default(groups.gateway), kind: z.string() })).optional(),
});

const Tls = z.strictObject({
  mode: z.enum(["Terminate", "Passthrough"]).default("Terminate"),
  certificateRefs: z.array(SecretReference).max(64).default([]),
  options: refused(),
});

const Listener = z.strictObject({
  name: SubdomainName,
  hostname: Hostname.optional(),
  port: Port,
  protocol: z.string().min(1).max(255),
  tls: Tls.optional(),
  allowedRoutes: AllowedRoutes.prefault({}),
});

export const Gateway = {
  spec: z.strictObject({
    gatewayClassName: z.string().min(1).max(253),
    // Absent passes here: "has no listeners configured" is said where all of the Gateway is judged.
    listeners: z
      .array(Listener)
      .max(64)
      .superRefine(unique(byName, duplicate, "name"))
      .default([]),
    infrastructure: z
      .strictObject({
        labels: z.record(z.string(), z.string()).optional(),
        annotations: z.record(z.string(), z.string()).optional(),
        parametersRef: z.strictObject({ group: z.string(), kind: z.string(), name: Name }).optional(),
      })
      .optional(),
    addresses: notYet(),
    allowedListeners: notYet(),
    defaultScope: notYet(),
    tls: refused(),
    backendTLS: refused(),
  }),
};
