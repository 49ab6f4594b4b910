import { ExchangeFailure } from "../../model/failure.ts";
import type { Extras, Family, IrWarning } from "./values.ts";

/** Refuses a request that a backend cannot be told: 422. `path`: the member. */
export function refuse(path: string, problem: string): never {
  throw new ExchangeFailure("untranslatable", `invalid request body: ${path}: ${problem}`);
}

/** Collects what a writer leaves out. Most requests leave nothing out, so the list is made late. */
export class Warnings {
  #list: IrWarning[] | undefined;

  get list(): readonly IrWarning[] {
    return this.#list ?? [];
  }

  /** A hint that providers need not follow: told at debug level. */
  quiet(path: string, message: string): void {
    this.#add({ level: "quiet", path, message });
  }

  /** Something that changes the answer. */
  loud(path: string, message: string): void {
    this.#add({ level: "loud", path, message });
  }

  /** Says of settings that are set, and that `provider` does not have, that they are dropped. */
  dropped(settings: { readonly [path: string]: unknown }, provider: string): void {
    for (const path in settings) {
      const value = settings[path];
      if (value !== undefined) this.quiet(path, `${provider} has nothing like it; dropped`);
    }
  }

  /** Members that belong to other families than the backend's. */
  foreign(extras: Extras, own: Family, provider: string): void {
    for (const family in extras) {
      const members = extras[family as Family];
      if (family === own || members === undefined) continue;
      for (const name in members) this.loud(name, `is ${family}'s and means nothing to ${provider}; dropped`);
    }
  }

  #add(warning: IrWarning): void {
    this.#list ??= [];
    this.#list.push(warning);
  }
}

/** The message of a conversation that is being written, with what has to be said of it. */
export class Place {
  readonly #warnings: Warnings;
  /** Position of the message. */
  message = 0;

  constructor(warnings: Warnings) {
    this.#warnings = warnings;
  }

  quiet(message: string): void {
    this.#warnings.quiet(this.#path, message);
  }

  loud(message: string): void {
    this.#warnings.loud(this.#path, message);
  }

  refuse(problem: string): never {
    return refuse(this.#path, problem);
  }

  get #path(): string {
    return `messages[${this.message}]`;
  }
}
