import { z } from "zod";
import { Quantity } from "../common.ts";
import { notYet, refused } from "../support.ts";
import { policyTargets, targetRules } from "./policy-targets.ts";

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
      clientIPDetection: notYet(),
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
      tls: refused(),
    }),
  ),
};
