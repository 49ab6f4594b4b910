import { z } from "zod";
import { groups, Name, Namespace, Port } from "../common.ts";

/** A Gateway, or a listener of it, that a route wants to be served by. */
export const ParentRef = z.strictObject({
  group: z.string().default(groups.gateway),
  kind: z.string().default("Gateway"),
  name: Name,
  namespace: Namespace.optional(),
  sectionName: Name.optional(),
  port: Port.optional(),
});

/** Parents of the AI routes, which can only be Gateways. */
export const ParentRefs = z
  .array(ParentRef)
  .max(16)
  .superRefine((refs, context) => {
    for (const [index, { kind }] of refs.entries()) {
      if (kind !== "Gateway") {
        context.addIssue({ code: "custom", path: [index, "kind"], message: "only Gateway is supported" });
      }
    }
  });
