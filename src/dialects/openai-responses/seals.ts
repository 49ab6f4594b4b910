import type { IrReasoning, IrRedacted } from "../ir/parts.ts";
import { markSeal, readSeal } from "../ir/seals.ts";
import type { IrSeal } from "../ir/values.ts";

/** In front of what is hidden reasoning, and not the signature of reasoning whose text may be empty. */
const redactedMark = "aigw.redacted.";

/** `encrypted_content` of a reasoning item that says what a seal belongs to. */
export function writeSignature(signature: IrSeal): string {
  return markSeal(signature, "openai");
}

export function writeRedacted({ data }: Pick<IrRedacted, "data">): string {
  return redactedMark + markSeal(data, "openai");
}

/** A reasoning item that a client gives back. `text`: what its summary or content says. */
export function readSealed(
  item: { readonly id: string | undefined; readonly text: string; readonly isSummary: boolean },
  encrypted: string | undefined,
): IrReasoning | IrRedacted {
  const { id, text, isSummary } = item;
  if (encrypted === undefined || encrypted === "") return { type: "reasoning", text, isSummary };
  if (encrypted.startsWith(redactedMark)) {
    return { type: "redacted", data: readSeal(encrypted.slice(redactedMark.length), "openai", "text") };
  }
  const seal = readSeal(encrypted, "openai", "text");
  const signature = seal.family === "openai" ? { ...seal, itemId: seal.itemId ?? id } : seal;
  return { type: "reasoning", text, isSummary, signature };
}
