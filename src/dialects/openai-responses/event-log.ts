import type { JsonObject } from "../ir/values.ts";
import { flatten } from "../wire/text.ts";

/** Further members of a delta, each with a comma in front, up to its number. */
export function numberingBehind(members: string): string {
  return `${members},"sequence_number":`;
}

const plainNumbering = numberingBehind("");

/** Writes the events of one stream, each with its number. */
export class EventLog {
  #next = 0;

  write(type: string, members: JsonObject): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#next++, ...members })}\n\n`;
  }

  /** An event about the response, which is JSON already. */
  lifecycle(type: string, response: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#next++},"response":${response}}\n\n`;
  }

  /** `head`: what `headOf` made. `numbering`: what `numberingBehind` made. */
  delta(head: string, text: string, numbering = plainNumbering): string {
    return `${head}${JSON.stringify(text)}${numbering}${this.#next++}}\n\n`;
  }

  /** A delta of a part that is open, up to its text: the same each time. */
  headOf(type: string, members: JsonObject): string {
    return flatten(`event: ${type}\ndata: ${JSON.stringify({ type, ...members }).slice(0, -1)},"delta":`);
  }
}

/** For whole answers, which are made like streams but tell no events. */
export class SilentLog extends EventLog {
  override write(): string {
    return "";
  }

  override lifecycle(): string {
    return "";
  }

  override delta(): string {
    return "";
  }

  override headOf(): string {
    return "";
  }
}
