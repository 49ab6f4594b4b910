import { z } from "zod";
import { Namespace, SubdomainName } from "./common.ts";

const Texts = z.record(z.string(), z.string()).default({});

/** Kubernetes writes more members than these (`uid`, `creationTimestamp`, …); they mean nothing here. */
export const Metadata = z.looseObject({
  name: SubdomainName,
  // Empty is the same as absent.
  namespace: Namespace.or(z.literal("")).optional(),
  labels: Texts,
  annotations: Texts,
});
