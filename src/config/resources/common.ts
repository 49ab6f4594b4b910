import { z } from "zod";
import { parseDurationMs, parseQuantityBytes } from "../units.ts";

export const groups = {
  gateway: "gateway.networking.k8s.io",
  envoy: "gateway.envoyproxy.io",
  ai: "aigateway.envoyproxy.io",
  inference: "inference.networking.k8s.io",
} as const;

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
export const Name = z.string().min(1).max(253);
export const Namespace = z
  .string()
  .min(1)
  .max(63)
  .regex(new RegExp(`^${label}$`), "must be lower-case letters, digits and - (a DNS label)");
export const SubdomainName = z
  .string()
  .min(1)
  .max(253)
  .regex(new RegExp(`^${label}(\\.${label})*$`), "must be lower-case letters, digits, - and . (a DNS name)");
export const Hostname = z
  .string()
  .min(1)
  .max(253)
  .regex(new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`), "must be a lower-case host name, or *. and one");
export const HeaderName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be a header name");
export const Port = z.int().min(1).max(65_535);
export const Duration = z
  .string()
  .regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/, "must be a duration such as 30s, 1m30s or 500ms");
export const Quantity = z
  .union([z.string(), z.number()], { error: "must be a size such as 50Mi or 1048576" })
  .refine((size) => (parseQuantityBytes(size) ?? 0) > 0, { error: "must be a size such as 50Mi or 1048576" });

export function isLonger(a: string, b: string): boolean {
  return parseDurationMs(a) > parseDurationMs(b);
}

/** A policy's target in its own namespace. */
export const TargetRef = z.strictObject({
  group: z.string(),
  kind: z.string(),
  name: Name,
  sectionName: Name.optional(),
});

export const SecretReference = z.strictObject({
  group: z.string().default(""),
  kind: z.string().default("Secret"),
  name: Name,
  namespace: Namespace.optional(),
});
export type SecretReference = z.infer<typeof SecretReference>;

/** A rule over a list: no two entries may have the same key. Complains at the later one. */
export function unique<T>(
  keyOf: (item: T) => string | undefined,
  message: (key: string) => string,
  field?: string,
): (items: readonly T[], context: z.RefinementCtx) => void {
  return (items, context) => {
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const key = keyOf(item);
      if (key === undefined) continue;
      if (seen.has(key)) {
        const path = field === undefined ? [index] : [index, field];
        context.addIssue({ code: "custom", path, message: message(key) });
      }
      seen.add(key);
    }
  };
}

export const duplicate = (key: string) => `Duplicate value: ${JSON.stringify(key)}`;
export const byName = ({ name }: { readonly name: string }) => name;
export const byNameIgnoringCase = ({ name }: { readonly name: string }) => name.toLowerCase();
