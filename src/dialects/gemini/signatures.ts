import type { IrAnswerPart, IrReasoning, IrText, IrToolCall } from "../ir/parts.ts";
import { sealAsText } from "../ir/seals.ts";
import type { IrSeal } from "../ir/values.ts";
import { refuse } from "./refuse.ts";

/**
 * Base64 of `skip_thought_signature_validator`: what Google documents for a first function call whose signature is lost,
 * so that Gemini 3 accepts a conversation that began with another provider.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11
 */
const skipValidation = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";
const base64Pattern = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** A signature of Gemini's: bytes, but carried as the text that its base64 is, as chat clients give it back. */
export function sealOf(signature: string): IrSeal {
  return { value: signature, form: "text", family: "google" };
}

/** The signature to send: Gemini's own, or one of which nobody says whose it is. Others stay here. */
function signatureOf(seal: IrSeal | undefined): string | undefined {
  const signature = sealAsText(seal, "google");
  if (!signature) return undefined;
  if (!base64Pattern.test(signature))
    refuse("invalid assistant message", "a thought signature is not base64");
  return signature;
}

/**
 * What each part of one assistant message is signed with.
 *
 * Gemini signs the first of parallel calls, else a thought or the last text. Clients give back what they were told of
 * thinking, so a signature may have lost its place: with calls it is the first call's, else the last text's.
 */
export function placeSignatures(parts: readonly IrAnswerPart[]): Map<IrAnswerPart, string> {
  const placed = new Map<IrAnswerPart, string>();
  const bare: string[] = [];
  for (const part of parts) {
    const signature = isSigned(part) ? signatureOf(part.signature) : undefined;
    if (signature === undefined) continue;
    if (part.type === "reasoning" && !isThought(part)) bare.push(signature);
    else placed.set(part, signature);
  }
  const call = parts.find((part) => part.type === "tool-call");
  if (call !== undefined) signCall(call, parts, bare, placed);
  else signText(parts, bare, placed);
  return placed;
}

/** What came back beside the content was only there for its signature. */
export function isThought(part: IrReasoning): boolean {
  return part.text !== undefined && part.text !== "" && part.isBeside !== true;
}

function isSigned(part: IrAnswerPart): part is IrText | IrReasoning | IrToolCall {
  return part.type === "text" || part.type === "reasoning" || part.type === "tool-call";
}

function signCall(
  call: IrToolCall,
  parts: readonly IrAnswerPart[],
  bare: readonly string[],
  placed: Map<IrAnswerPart, string>,
): void {
  if (placed.has(call)) return;
  const thought = parts.find((part) => part.type === "reasoning" && placed.has(part));
  const lent = bare.at(-1) ?? (thought && placed.get(thought));
  if (bare.length === 0 && thought !== undefined) placed.delete(thought);
  placed.set(call, lent ?? skipValidation);
}

function signText(
  parts: readonly IrAnswerPart[],
  bare: readonly string[],
  placed: Map<IrAnswerPart, string>,
): void {
  const text = parts.findLast((part) => part.type === "text" && part.text !== "" && !part.isRefusal);
  const signature = bare.at(-1);
  if (text !== undefined && signature !== undefined && !placed.has(text)) placed.set(text, signature);
}
