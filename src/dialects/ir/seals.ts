import { Buffer } from "node:buffer";
import type { Family, IrSeal } from "./values.ts";

/** `aigw.google.text.<value>`, with an item id `aigw.openai.text@rs_1.<value>`. */
const mark = /^aigw\.(openai|anthropic|google|aws|cohere|vllm)\.(text|base64)(?:@([^.]*))?\.(.*)$/s;

/**
 * A seal for a client of `own` family, whose raw values are text: raw if it is of that family or nobody's, else marked, so
 * that it comes back known. Bytes that are no text are marked too; nobody's can only be Amazon's.
 */
export function markSeal(seal: IrSeal, own: Family): string {
  const { family, form, itemId, value } = seal;
  if (family === undefined || (family === own && itemId === undefined)) {
    const raw = form === "text" ? value : decodedText(value);
    if (raw !== undefined) return raw;
  }
  const item = itemId === undefined ? "" : `@${itemId}`;
  return `aigw.${family ?? "aws"}.${form}${item}.${value}`;
}

/** A seal that a client of `own` family gives back; `form` is what that family's raw values are. */
export function readSeal(value: string, own: Family, form: IrSeal["form"]): IrSeal {
  const [, family, markedForm, itemId, raw] = mark.exec(value) ?? [];
  if (raw === undefined) return { value, form, family: own };
  return { value: raw, form: markedForm as IrSeal["form"], family: family as Family, itemId };
}

/** The value for a provider that carries text; `undefined` if the seal is another family's. */
export function sealAsText(seal: IrSeal | undefined, own: Family): string | undefined {
  if (seal === undefined || !isFor(seal, own)) return undefined;
  return seal.form === "text" ? seal.value : (decodedText(seal.value) ?? seal.value);
}

/** The value for a provider that carries base64; `undefined` if the seal is another family's. */
export function sealAsBase64(seal: IrSeal | undefined, own: Family): string | undefined {
  if (seal === undefined || !isFor(seal, own)) return undefined;
  return seal.form === "base64" ? seal.value : Buffer.from(seal.value).toString("base64");
}

/** Whether a provider of `own` family may get this seal back: never a foreign one. */
function isFor(seal: IrSeal, own: Family): boolean {
  return seal.family === undefined || seal.family === own;
}

function decodedText(base64: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}
