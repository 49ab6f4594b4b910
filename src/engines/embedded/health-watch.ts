import type { Runtime } from "../../runtime/runtime.ts";
import { HealthChecks } from "./health-checks.ts";
import type { EmbeddedTwin, RuleCluster } from "./prepare.ts";

/** The health checks of all rules that want some; a rule that a reload leaves as it is keeps its own. */
export class HealthWatch {
  readonly #runtime: Runtime;
  #running = new Map<RuleCluster, HealthChecks>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Checks what this load wants checked, and nothing else. */
  follow({ clusters, model }: EmbeddedTwin): void {
    const before = this.#running;
    this.#running = new Map();
    for (const { print, action } of Object.values(model.rules)) {
      const policy = action.type === "forward" ? action.upstream?.activeHealth : undefined;
      const cluster = clusters.get(print);
      if (policy === undefined || cluster === undefined) continue;
      const known = before.get(cluster);
      this.#running.set(cluster, known ?? new HealthChecks(cluster.hosts, policy, this.#runtime));
    }
    for (const [cluster, checks] of before) if (!this.#running.has(cluster)) checks.stop();
  }

  stop(): void {
    for (const checks of this.#running.values()) checks.stop();
    this.#running.clear();
  }
}
