import { z } from "zod";
import type { Severity } from "../../model/diagnostic.ts";

/**
 * What the gateway says to whoever sets a field or writes a kind that it does not honour. Covers all that lies below.
 * Part of the schema, so that the messages, the published schema and the parser cannot drift apart.
 */
export interface Support {
  readonly severity: Severity;
  readonly message: string;
}

/** What a schema knows beside its shape. */
export interface SchemaNotes {
  readonly support?: Support;
  /** Never quoted, and redacted where resources are printed. */
  readonly isSecret?: boolean;
}

declare module "zod" {
  interface GlobalMeta extends SchemaNotes {}
}

export const notYetSupport: Support = {
  severity: "warning",
  message: "is not supported by aigw yet and is ignored",
};
const refusedSupport: Support = {
  severity: "error",
  message: "is not supported by aigw yet; refusing to start because ignoring it would weaken security",
};

const noted = (support: Support) => z.unknown().optional().meta({ support });
// One schema for all such fields: there are many, and each schema takes its time at start.
const notYetField = noted(notYetSupport);
const refusedField = noted(refusedSupport);

/** A field that will be honoured one day; today it is a warning. */
export const notYet = () => notYetField;

/** A field that protects something: going on without it would be worse than not to start. */
export const refused = () => refusedField;

/** A field that means nothing outside Kubernetes. */
export const noEffect = (message: string) => noted({ severity: "info", message });

/** A field with a sentence of its own. */
export const unsupported = (severity: Severity, message: string) => noted({ severity, message });
