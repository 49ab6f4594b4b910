import { z } from "zod";
import { SubdomainName } from "./common.ts";

const Texts = z.record(z.string(), z.string()).default({});

/** Kubernetes writes more members than these (`uid`, `creationTimestamp`, …); they mean nothing here. */
export const Metadata = z.looseObject({
  name: SubdomainName,
  namespace: z.string().optional(),
  labels: Texts,
  annotations: Texts,
});
