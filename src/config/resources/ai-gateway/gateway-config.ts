import { z } from "zod";
import { duplicate, unique } from "../common.ts";
import { noEffect, notYet } from "../support.ts";
import { RequestCost } from "./request-costs.ts";

export const GatewayConfig = {
  spec: z
    .strictObject({
      extProc: z
        .strictObject({
          kubernetes: z
            .object({ env: notYet() })
            .catchall(noEffect("extProc.kubernetes container settings have no effect in standalone mode"))
            .optional(),
        })
        .optional(),
      globalLLMRequestCosts: z
        .array(RequestCost)
        .max(36)
        .superRefine(unique(({ metadataKey }: RequestCost) => metadataKey, duplicate, "metadataKey"))
        .default([]),
      forwardProxy: notYet(),
    })
    .prefault({}),
};
