import { z } from "zod";
import { parseDurationMs } from "../../../units.ts";
import { Duration, isLonger } from "../../common.ts";

const retryTriggers = [
  "5xx",
  "cancelled",
  "connect-failure",
  "deadline-exceeded",
  "gateway-error",
  "internal",
  "refused-stream",
  "reset",
  "reset-before-request",
  "resource-exhausted",
  "retriable-4xx",
  "retriable-status-codes",
  "unavailable",
] as const;

const positive = (text: string | undefined) => text === undefined || parseDurationMs(text) > 0;

const BackOff = z
  .strictObject({
    baseInterval: Duration.optional().meta({ description: "Bound of the first wait; 25ms if not given" }),
    maxInterval: Duration.optional().meta({ description: "Bound of all waits; ten times the base" }),
  })
  .refine(({ baseInterval }) => positive(baseInterval), {
    error: "must be longer than 0s",
    path: ["baseInterval"],
  })
  .refine(({ maxInterval }) => positive(maxInterval), {
    error: "must be longer than 0s",
    path: ["maxInterval"],
  })
  .refine(
    ({ baseInterval, maxInterval }) =>
      baseInterval === undefined || maxInterval === undefined || !isLonger(baseInterval, maxInterval),
    { error: "maxInterval cannot be less than baseInterval", path: ["maxInterval"] },
  );

export const Retry = z
  .strictObject({
    numRetries: z.int().min(0).optional().meta({ description: "Tries after the first; 2 if not given" }),
    numAttemptsPerPriority: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "After so many tries the backends of the next priority have their turn" }),
    retryOn: z
      .strictObject({
        triggers: z.array(z.enum(retryTriggers)).max(16).optional(),
        httpStatusCodes: z
          .array(z.int().min(100).max(599))
          .optional()
          .meta({ description: "Heeded by the trigger retriable-status-codes" }),
      })
      .optional(),
    perRetry: z
      .strictObject({
        timeout: Duration.optional().meta({ description: "How long one try may take" }),
        backOff: BackOff.optional(),
      })
      .optional(),
  })
  .meta({ description: "Which failures are tried again, and how often" });
