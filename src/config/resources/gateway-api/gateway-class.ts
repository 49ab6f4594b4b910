import { z } from "zod";
import { Name, Namespace } from "../common.ts";

export const controllerName = "gateway.envoyproxy.io/gatewayclass-controller";

export const GatewayClass = {
  spec: z.strictObject({
    controllerName: z.string().min(1).max(253),
    description: z.string().optional(),
    parametersRef: z
      .strictObject({ group: z.string(), kind: z.string(), name: Name, namespace: Namespace.optional() })
      .optional(),
  }),
};
