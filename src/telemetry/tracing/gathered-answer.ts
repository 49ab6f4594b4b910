import { Buffer } from "node:buffer";
import type { ClientRequest } from "../../dialects/passage.ts";
import { isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { decodeText } from "../../dialects/wire/text.ts";
import type { SeenAnswer } from "./convention.ts";
import { type Folded, foldStream } from "./fold/index.ts";

/** Of one answer; what comes beyond is not shown in its span. */
const maxGatheredBytes = 16 * 1024 * 1024;

/** The pieces of one answer, kept until its span is written. */
export class GatheredAnswer {
  status = 0;
  contentType = "";
  /** Of `performance.now()`. */
  firstPieceAt: number | undefined;
  #pieces: Uint8Array[] = [];
  #byteLength = 0;
  #isKept = true;

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.firstPieceAt ??= performance.now();
    this.#byteLength += piece.length;
    // Sound is only counted.
    if (!this.#isKept || this.#byteLength > maxGatheredBytes || isBinary(this.contentType)) {
      this.#isKept = false;
      this.#pieces = [];
      return;
    }
    this.#pieces.push(piece);
  }

  /** Called once, at the end. `end` is how a stream ended; whole answers do not tell. */
  read(request: ClientRequest): { readonly answer: SeenAnswer; readonly end: Folded["end"] | "unreadable" } {
    const text = this.#isKept ? decodeText(this.#join()) : undefined;
    const { status, contentType } = this;
    const common = { status, contentType, byteLength: this.#byteLength };
    if (text === undefined || text === "") {
      return {
        answer: { ...common, text: undefined, json: undefined, isStream: false, isCompleted: false },
        end: "whole",
      };
    }
    const isStream = request.isStream && !/^\s*\{/.test(text);
    if (isStream) {
      const { json, end } = foldStream(request.endpoint, text);
      const written = json === undefined ? undefined : JSON.stringify(json);
      const isCompleted = request.endpoint === "responses" && end === "whole";
      return { answer: { ...common, text: written, json, isStream, isCompleted }, end };
    }
    const json = parse(text);
    const isUnreadable = json === undefined && contentType.includes("json");
    return {
      answer: { ...common, text, json, isStream, isCompleted: false },
      end: isUnreadable ? "unreadable" : "whole",
    };
  }

  #join(): Uint8Array {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }
}

function isBinary(contentType: string): boolean {
  return /^(?:audio|video|image)\/|^application\/octet-stream/i.test(contentType);
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
