import { Buffer } from "node:buffer";
import type { IrSeal } from "../ir/values.ts";
import type { BedrockModel } from "./bedrock-model.ts";

/** Whether the model can check this seal. Nobody's goes to everyone, and a model of which nothing is known gets both kinds. */
export function isForModel(seal: IrSeal, { sealFamily }: BedrockModel): boolean {
  if (seal.family === undefined || seal.family === sealFamily) return true;
  return sealFamily === undefined && (seal.family === "anthropic" || seal.family === "aws");
}

/** What `redactedContent` carries: bytes. */
export function sealBytes(seal: IrSeal): string {
  if (seal.form === "base64") return seal.value;
  // Chat clients give back unmarked what they got, which was base64.
  if (seal.family === undefined && isBase64(seal.value)) return seal.value;
  return Buffer.from(seal.value).toString("base64");
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}

/** What `signature` carries: text. */
export function sealText(seal: IrSeal): string {
  return seal.form === "text" ? seal.value : Buffer.from(seal.value, "base64").toString();
}
