import { Buffer } from "node:buffer";
import type { JsonObject } from "../../dialects/wire/json.ts";

/** One thing that a backend lists: what decides about it, and what clients get. */
export interface ListItem {
  /** The backend's own name, or for resources its URI. */
  readonly bare: string;
  /** JSON as clients see it. */
  readonly bytes: Uint8Array;
}

/** What one answer to a list request comes to. */
export interface ListPage {
  readonly items: readonly ListItem[];
  readonly nextCursor: string | undefined;
  /** `_meta` of the result. */
  readonly meta: JsonObject | undefined;
}

interface Remembered {
  readonly bytes: Uint8Array;
  readonly page: ListPage;
}

interface Cached {
  readonly at: number;
  readonly items: readonly ListItem[];
}

const maxPages = 128;
const maxCached = 256;

/**
 * What a backend listed before. Lists are long and change seldom: an answer that is the same to the byte as one before
 * need not be read again. For a while a whole list may stand for what the backend would say, where that is wanted.
 */
export class ListMemory {
  readonly #pages = new Map<string, Remembered>();
  readonly #lists = new Map<string, Cached>();

  /** `read` makes the page where the bytes are new. `key`: method, and the place in the list. */
  page(key: string, bytes: Uint8Array, read: () => ListPage): ListPage {
    const known = this.#pages.get(key);
    if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) return known.page;
    const page = read();
    if (this.#pages.size >= maxPages) this.#pages.clear();
    this.#pages.set(key, { bytes, page });
    return page;
  }

  /** A whole list of `method` that is not older than `maxAgeMs`, for clients that are alike in `key`. */
  cached(method: string, key: string, maxAgeMs: number): readonly ListItem[] | undefined {
    const cached = this.#lists.get(`${method} ${key}`);
    return cached !== undefined && performance.now() - cached.at <= maxAgeMs ? cached.items : undefined;
  }

  cache(method: string, key: string, items: readonly ListItem[]): void {
    if (this.#lists.size >= maxCached) this.#lists.clear();
    this.#lists.set(`${method} ${key}`, { at: performance.now(), items });
  }

  /** The backend said that something has changed. */
  forget(): void {
    this.#lists.clear();
  }

  /** Whether it was seen to offer this, to whomever. */
  offers(method: string, bare: string): boolean {
    for (const [key, { page }] of this.#pages) {
      if (key.startsWith(`${method} `) && page.items.some((item) => item.bare === bare)) return true;
    }
    return false;
  }
}
