import type { JsonObject } from "../ir/values.ts";
import type { EventLog } from "./event-log.ts";
import type { ItemStatus } from "./items.ts";

/** An item while it is written. Its methods give the events that tell of what they do. */
export abstract class OpenItem {
  readonly index: number;
  readonly id: string;
  protected readonly log: EventLog;
  #status: ItemStatus | undefined;

  constructor(index: number, id: string, log: EventLog) {
    this.index = index;
    this.id = id;
    this.log = log;
  }

  open(): string {
    return this.log.write("response.output_item.added", {
      output_index: this.index,
      item: this.item("in_progress"),
    });
  }

  close(status: ItemStatus): string {
    this.#status = status;
    const members = { output_index: this.index, item: this.item(status) };
    return this.endContent() + this.log.write("response.output_item.done", members);
  }

  /** As it stands; `status`: if it is open. */
  item(status: ItemStatus): JsonObject {
    return this.write(this.#status ?? status);
  }

  protected abstract write(status: ItemStatus): JsonObject;

  /** Tells that what the item holds is done. */
  protected abstract endContent(): string;
}
