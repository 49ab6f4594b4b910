import { createHash } from "node:crypto";

/** Of a file, in hex. */
export async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await Bun.file(path).bytes())
    .digest("hex");
}
