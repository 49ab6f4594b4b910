import { z } from "zod";
import { byNameIgnoringCase, duplicate, HeaderName, unique } from "../common.ts";

export const HeaderMutation = z.strictObject({
  set: z
    .array(z.strictObject({ name: HeaderName, value: z.string().min(1).max(4096).meta({ isSecret: true }) }))
    .max(16)
    .superRefine(unique(byNameIgnoringCase, duplicate, "name"))
    .default([]),
  remove: z
    .array(z.string().min(1))
    .max(16)
    .superRefine(unique((name: string) => name, duplicate))
    .default([]),
});
export type HeaderMutation = z.infer<typeof HeaderMutation>;

/** Paths are dotted (`a.b.0`, `-1` appends, `\.` is a dot); a value that is JSON is set as JSON, any other as text. */
export const BodyMutation = z.strictObject({
  set: z
    .array(z.strictObject({ path: z.string().min(1), value: z.string().meta({ isSecret: true }) }))
    .max(16)
    .superRefine(unique(({ path }: { readonly path: string }) => path, duplicate, "path"))
    .default([]),
  remove: z
    .array(z.string().min(1))
    .max(16)
    .superRefine(unique((path: string) => path, duplicate))
    .default([]),
});
export type BodyMutation = z.infer<typeof BodyMutation>;
