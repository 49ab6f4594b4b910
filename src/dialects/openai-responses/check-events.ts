/** What is wrong with the events of a response, by the rules of the API and of its SDKs. For tests. */

export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [member: string]: unknown;
}

type Item = { id: string; type: string; [member: string]: unknown };
type Part = { type: string; text?: string; refusal?: string; [member: string]: unknown };

/** The events in a body; a name that differs from the type of its data throws. */
export function eventsIn(body: string): ResponseEvent[] {
  return body
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
      const event = JSON.parse(data ?? "") as ResponseEvent;
      if (event.type !== name) throw new Error(`an event named ${name} is of type ${event.type}`);
      return event;
    });
}

/** Builds the output from the events alone; empty if that is what the last event says, and each event is in its place. */
export function eventProblems(events: readonly ResponseEvent[]): string[] {
  const check = new Checker();
  for (const [index, event] of events.entries()) check.push(event, index);
  return check.end();
}

const last = new Set(["response.completed", "response.incomplete", "response.failed"]);

class Checker {
  readonly #problems: string[] = [];
  readonly #output: Item[] = [];
  readonly #done = new Set<number>();
  readonly #openParts = new Set<string>();
  #ended: ResponseEvent | undefined;
  #responseId: unknown;

  push(event: ResponseEvent, index: number): void {
    const expect = (isRight: boolean, problem: string) => {
      if (!isRight) this.#problems.push(`event ${index} (${event.type}): ${problem}`);
    };
    expect(event.sequence_number === index, `number ${event.sequence_number}`);
    expect(this.#ended === undefined, "after the last");
    expect(
      (event.type === "response.created") === (index === 0),
      "response.created has to be the first and only",
    );
    const response = event["response"] as { id: string } | undefined;
    if (response !== undefined) {
      this.#responseId ??= response.id;
      expect(response.id === this.#responseId, "another response");
      if (last.has(event.type)) this.#ended = event;
    } else if (event.type !== "error") this.#item(event, expect);
  }

  end(): string[] {
    const response = this.#ended?.["response"] as { output: Item[]; status: string } | undefined;
    if (response === undefined) return [...this.#problems, "end: no last event"];
    if (this.#ended?.type !== `response.${response.status}`) this.#problems.push("end: another status");
    const isDone = this.#output.every((_, index) => this.#done.has(index));
    if (!isDone && response.status !== "failed") this.#problems.push("end: an item is not done");
    const [told, whole] = [this.#output, response.output].map((output) => JSON.stringify(output));
    if (told !== whole && isDone)
      this.#problems.push(`end: the events told ${told}, the last one says ${whole}`);
    return this.#problems;
  }

  #item(event: ResponseEvent, expect: (isRight: boolean, problem: string) => void): void {
    const at = event["output_index"] as number;
    const item = event["item"] as Item | undefined;
    if (event.type === "response.output_item.added") {
      expect(at === this.#output.length, `index ${at}, expected ${this.#output.length}`);
      expect(
        item?.id !== "" && !this.#output.some(({ id }) => id === item?.id),
        "an id that was there before",
      );
      this.#output.push(structuredClone(item!));
      return;
    }
    const open = this.#output[at];
    expect(open !== undefined && !this.#done.has(at), `item ${at} is not open`);
    if (open === undefined) return;
    if (item === undefined) {
      expect(event["item_id"] === open.id, "another item's id");
      this.#content(event, open, expect);
      return;
    }
    expect(item.id === open.id && item.type === open.type, "another item");
    expect(![...this.#openParts].some((part) => part.startsWith(`${at}/`)), "a part is open");
    const built = JSON.stringify({
      ...open,
      status: item["status"],
      encrypted_content: item["encrypted_content"],
    });
    const said = JSON.stringify({
      ...item,
      status: item["status"],
      encrypted_content: item["encrypted_content"],
    });
    expect(built === said, `the events told ${built}, the item is ${said}`);
    this.#output[at] = item;
    this.#done.add(at);
  }

  #content(event: ResponseEvent, item: Item, expect: (isRight: boolean, problem: string) => void): void {
    const { type } = event;
    const delta = String(event["delta"] ?? "");
    const parts = (item["content"] ?? item["summary"]) as Part[];
    const index = (event["content_index"] ?? event["summary_index"]) as number;
    const key = `${event["output_index"]}/${index}`;
    const part = parts?.[index];
    if (type.endsWith("part.added")) {
      expect(index === parts.length, "not the next part");
      this.#openParts.add(key);
      parts.push(structuredClone(event["part"]) as Part);
    } else if (type.endsWith("part.done")) {
      expect(this.#openParts.delete(key), "the part is not open");
      expect(JSON.stringify(part) === JSON.stringify(event["part"]), "another part");
    } else if (part !== undefined) {
      expect(this.#openParts.has(key), "the part is not open");
      const member = type.startsWith("response.refusal") ? "refusal" : "text";
      if (type.endsWith("annotation.added")) (part["annotations"] as unknown[]).push(event["annotation"]);
      else if (type.endsWith(".done")) expect(part[member] === event[member], "another text");
      else {
        part[member] = (part[member] ?? "") + delta;
        if (member === "text" && item.type === "message")
          (part["logprobs"] as unknown[]).push(...(event["logprobs"] as unknown[]));
      }
    } else {
      const member = item.type === "custom_tool_call" ? "input" : "arguments";
      if (type.endsWith(".done")) expect(item[member] === event[member], "other arguments");
      else item[member] = String(item[member]) + delta;
    }
  }
}
