import type { Compiled } from "../model/gateway.ts";
import { compileModel } from "./compile/compile.ts";
import { Origins } from "./compile/origins.ts";
import { sayPools } from "./compile/references.ts";
import { Report } from "./diagnostics.ts";
import { parseDocuments } from "./documents.ts";
import { type Inventory, reportTiers, takeInventory } from "./inventory.ts";
import { readEntries, SecretStore } from "./secrets.ts";
import type { Source, World } from "./world.ts";

/** Text to resources: what all that a configuration is for starts with. */
export function readInventory(sources: readonly Source[], world: World, report: Report): Inventory {
  const parsed = sources.map((source) => parseDocuments(source, world.environment, report));
  const inventory = takeInventory(
    parsed.flatMap(({ documents }) => documents),
    report,
  );
  if (parsed.some(({ isReadable }) => !isReadable)) inventory.markIncomplete();
  return inventory;
}

/** Text to model, all findings at once. Never throws for what an operator wrote. */
export function compileGateway(sources: readonly Source[], world: World): Compiled {
  const report = new Report();
  const secrets = new SecretStore();
  const inventory = readInventory(sources, world, report);
  const entries = readEntries(inventory, world, report);
  const context = { inventory, entries, secrets, origins: new Origins(), report, world };
  const files = sources.map(({ name }) => name).join(", ");
  const model = compileModel(context, files);
  reportTiers(inventory, sayPools(context), report);
  const diagnostics = report.sorted();
  return model === undefined || report.hasErrors ? { secrets, diagnostics } : { model, secrets, diagnostics };
}
