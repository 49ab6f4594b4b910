import type { IrMedia } from "../ir/parts.ts";
import type { JsonObject } from "../ir/values.ts";
import { objectOf, textOf } from "../wire/exact-json.ts";

/** Reads an image, audio or file that the model made. Its signature goes along, to be given back with it. */
export function readMedia(part: JsonObject): IrMedia | undefined {
  const inline = objectOf(part["inlineData"]);
  const file = objectOf(part["fileData"]);
  const [data, url] = [textOf(inline?.["data"]), textOf(file?.["fileUri"])];
  const mediaType = textOf((inline ?? file)?.["mimeType"]);
  const signature = part["thoughtSignature"];
  const head = {
    type: "media",
    kind: kindOf(mediaType),
    mediaType,
    ...(signature === undefined ? {} : { extras: { google: { thoughtSignature: signature } } }),
  } as const;
  if (data !== undefined) return { ...head, source: { type: "base64", data } };
  return url === undefined ? undefined : { ...head, source: { type: "url", url } };
}

function kindOf(mediaType = ""): IrMedia["kind"] {
  const [family] = mediaType.split("/");
  return family === "image" || family === "audio" || family === "video" ? family : "document";
}
