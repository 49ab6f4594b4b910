import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Ledger } from "../../policy/limits/memory-store.ts";

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 200;
  CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, ends INTEGER NOT NULL, used INTEGER NOT NULL)
    WITHOUT ROWID;
`;

const add = `
  INSERT INTO counts (key, ends, used) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN ends = excluded.ends THEN used + excluded.used ELSE excluded.used END,
    ends = excluded.ends
  RETURNING used
`;

/**
 * Counts in a file that outlives the process, however that ends: what was added is with the system before `add` returns.
 * Several processes may share it. Keys are kept as hashes, since they hold what clients send.
 *
 * A file that cannot be written is said once, and counts go on in memory.
 */
export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #read: StatementSync;
  readonly #add: StatementSync;
  readonly #onFailure: (error: unknown) => void;
  #isBroken = false;

  /** Throws where the file cannot be opened. */
  constructor(path: string, nowMs: number, onFailure: (error: unknown) => void) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    // SQLite's own files beside it get the mode of this one.
    closeSync(openSync(path, "a", 0o600));
    this.#database = new DatabaseSync(path);
    this.#database.exec(schema);
    this.#database.prepare("DELETE FROM counts WHERE ends <= ?").run(nowMs);
    this.#read = this.#database.prepare("SELECT used FROM counts WHERE key = ? AND ends = ?");
    this.#add = this.#database.prepare(add);
    this.#onFailure = onFailure;
  }

  read(key: string, endMs: number): number {
    return this.#try(() => usedOf(this.#read.get(hashOf(key), endMs)));
  }

  add(key: string, endMs: number, hits: number): number {
    return this.#try(() => usedOf(this.#add.get(hashOf(key), endMs, hits)));
  }

  close(): void {
    this.#database.close();
  }

  #try(action: () => number): number {
    try {
      const used = action();
      this.#isBroken = false;
      return used;
    } catch (error) {
      if (!this.#isBroken) this.#onFailure(error);
      this.#isBroken = true;
      return 0;
    }
  }
}

function usedOf(row: unknown): number {
  return typeof row === "object" && row !== null && "used" in row ? Number(row.used) : 0;
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
