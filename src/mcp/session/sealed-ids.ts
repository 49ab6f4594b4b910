import { Buffer } from "node:buffer";
import type { KeyRing } from "./key-ring.ts";
import type { Session } from "./session.ts";

const mark = "aigw.";
const signatureBytes = 16;

/** What a backend called a request (or the progress of one) that it sent to a client. */
export interface BackendId {
  readonly backend: string;
  /** The id as the backend wrote it: a string or a number in JSON. */
  readonly idText: string;
}

/**
 * Ids under which clients see the requests of backends. They say whose request it was, so that any replica can bring
 * the answer home, and are signed for one session, so that clients can answer only what they were asked.
 *
 * The same request always has the same id, so that what is said about it later can be translated, too.
 */
export class SealedIds {
  readonly #keys: KeyRing;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  seal({ backend, idText }: BackendId, session: Session): string {
    const text = `${backend}\0${idText}`;
    const signature = this.#keys.sign(`${session.digest}\0${text}`, "callback");
    return mark + Buffer.concat([signature, Buffer.from(text)]).toString("base64url");
  }

  open(id: unknown, session: Session): BackendId | undefined {
    if (typeof id !== "string" || !id.startsWith(mark)) return undefined;
    const bytes = Buffer.from(id.slice(mark.length), "base64url");
    if (bytes.length <= signatureBytes) return undefined;
    const text = bytes.subarray(signatureBytes).toString();
    const signed = `${session.digest}\0${text}`;
    if (!this.#keys.verify(bytes.subarray(0, signatureBytes), signed, "callback")) return undefined;
    const at = text.indexOf("\0");
    return { backend: text.slice(0, at), idText: text.slice(at + 1) };
  }
}
