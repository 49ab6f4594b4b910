import { z } from "zod";
import { schemaNames } from "../../../model/ai.ts";
import { groups, Name, Namespace, Port } from "../common.ts";
import { BodyMutation, HeaderMutation } from "./mutations.ts";

/** Which wire API an upstream speaks, and where the upstream is. */
export const AIServiceBackend = {
  spec: z.strictObject({
    schema: z.strictObject({
      name: z.enum(schemaNames).meta({ description: "Wire API of the upstream" }),
      version: z.string().optional().meta({ description: "API version; unused by OpenAI and Anthropic" }),
      prefix: z.string().optional().meta({
        description: 'OpenAI and Anthropic: path before the endpoint, "v1" by default; "/" is none',
      }),
    }),
    backendRef: z
      .strictObject({
        group: z.string().default(""),
        kind: z.string().default("Service"),
        name: Name,
        namespace: Namespace.optional(),
        port: Port.optional(),
      })
      .refine(({ group, kind }) => group === groups.envoy && kind === "Backend", {
        error:
          "BackendRef must be a Backend resource of Envoy Gateway. Write kind: Backend and group: gateway.envoyproxy.io, and give that Backend an fqdn, ip or unix endpoint",
      }),
    headerMutation: HeaderMutation.optional(),
    bodyMutation: BodyMutation.optional(),
  }),
};
