import type { Report } from "../diagnostics.ts";
import type { Inventory } from "../inventory.ts";
import type { Entries, SecretStore } from "../secrets.ts";
import type { World } from "../world.ts";
import type { Origins } from "./origins.ts";

/** What every stage of one compilation works with. */
export interface Context {
  readonly inventory: Inventory;
  readonly entries: Entries;
  readonly secrets: SecretStore;
  readonly origins: Origins;
  readonly report: Report;
  readonly world: World;
}
