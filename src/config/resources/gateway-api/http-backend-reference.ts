import { z } from "zod";
import { Name, Namespace, Port } from "../common.ts";

/** Where requests of an HTTPRoute go: a Backend here, a Service on Kubernetes. `port` counts for Services only. */
export const httpBackendReference = {
  group: z.string().default(""),
  kind: z.string().min(1).default("Service"),
  name: Name,
  namespace: Namespace.optional(),
  port: Port.optional(),
};

export const HttpBackendReference = z.strictObject(httpBackendReference).refine(hasPort, needsPort());
export type HttpBackendReference = z.infer<typeof HttpBackendReference>;

interface Named {
  readonly group: string;
  readonly kind: string;
  readonly port?: number | undefined;
}

export function hasPort({ group, kind, port }: Named): boolean {
  return group !== "" || kind !== "Service" || port !== undefined;
}

export function needsPort() {
  return { error: "Must have port for Service reference", path: ["port"] };
}
