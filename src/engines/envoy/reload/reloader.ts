import type { EnvoyAdmin } from "../admin/envoy-admin.ts";
import { discoveryFile, type Resource } from "../write/proto.ts";
import { secretFile } from "../write/secret-files.ts";
import type { EnvoyResources } from "../write/write-envoy.ts";
import {
  confirmClusters,
  confirmListeners,
  confirmVersion,
  countRefusals,
  type Subscription,
} from "./confirm.ts";
import { DrainList } from "./drain-list.ts";
import type { XdsDirectory } from "./xds-directory.ts";

const clustersFile = "cds.json";
const listenersFile = "lds.json";

export interface ReloaderOptions {
  readonly directory: XdsDirectory;
  /** Envoy's, of the process that runs now. */
  admin(): EnvoyAdmin;
  /** Why Envoy last refused something, in its own words. */
  refusal(): string | undefined;
  /** How long clusters that nothing leads to any more stay: at most, for their requests, and at least. */
  readonly drainMs: number;
  readonly holdMs: number;
}

/**
 * Brings Envoy from one configuration to the next without a bad answer: new clusters stand before routes lead to them,
 * and old ones go when their last request has. Each step is confirmed by Envoy before the next.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #drains: DrainList;
  #current: EnvoyResources | undefined;
  #isApplying = false;
  /** Clusters went while a reload was under way, whose own file must not be written without them or the new ones. */
  #isLate = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#drains = new DrainList({
      admin: () => options.admin(),
      drainMs: options.drainMs,
      holdMs: options.holdMs,
      onGone: () => this.#dropGone(),
    });
  }

  /** All files at once, for an Envoy that is not there yet. */
  begin(resources: EnvoyResources): void {
    for (const [name, resource] of this.#singles(resources)) this.#put(name, [resource]);
    this.#putClusters(resources.clusters);
    this.#put(listenersFile, resources.listeners);
    this.#current = resources;
  }

  /**
   * `retire` is called when nothing of the old configuration is needed any more, some time later. Throws
   * `EnvoyRefused`, with the old configuration in place again; `retire` is not called then.
   */
  async apply(next: EnvoyResources, retire: () => void): Promise<void> {
    const { directory } = this.#options;
    const before = new Map(directory.names.map((name) => [name, directory.text(name)]));
    this.#isApplying = true;
    try {
      await this.#steps(next);
      const old = this.#current?.clusters ?? [];
      this.#current = next;
      this.#drains.add(old, next.clusters, retire);
    } catch (error) {
      for (const [name, text] of before) if (text !== undefined) directory.put(name, text);
      throw error;
    } finally {
      this.#isApplying = false;
      if (this.#isLate) this.#dropGone();
    }
    this.#removeUnused(next);
  }

  /** A reload in progress leads routes to clusters that are not current yet, so it comes first. */
  #dropGone(): void {
    this.#isLate = this.#isApplying;
    if (!this.#isApplying) this.#putClusters(this.#current?.clusters ?? []);
  }

  /** No more waiting for anything. */
  close(): void {
    this.#drains.close();
  }

  async #steps(next: EnvoyResources): Promise<void> {
    const current = this.#current;
    for (const secret of next.secrets) this.#put(secretFile(secret.name), [secret]);
    await this.#confirmed("cluster_manager.cds.", () =>
      this.#putClusters([...next.clusters, ...(current?.clusters ?? [])]),
    );
    const confirm = this.#confirmOptions();
    await confirmClusters(
      next.clusters.map(({ name }) => name),
      confirm,
    );
    const known = new Set(current?.routes.map(({ resource }) => resource.name));
    for (const { resource, file, statistics } of next.routes) {
      const put = () => this.#put(file, [resource]);
      // A listener that is yet to come reads its routes by itself.
      if (known.has(resource.name)) await this.#confirmed(statistics, put);
      else put();
    }
    await this.#confirmed("listener_manager.lds.", () => this.#put(listenersFile, next.listeners));
    await confirmListeners(
      next.listeners.map(({ name }) => name),
      confirm,
    );
  }

  /** Does what puts a file, and waits until Envoy has it; nothing to wait for where nothing changed. */
  async #confirmed(subscription: Subscription, put: () => string | undefined): Promise<void> {
    const refusals = await countRefusals(this.#options.admin(), subscription);
    const version = put();
    if (version !== undefined) await confirmVersion(subscription, version, refusals, this.#confirmOptions());
  }

  #confirmOptions() {
    return { admin: this.#options.admin(), refusal: () => this.#options.refusal() };
  }

  /** These, and those that drain; of two with one name the first. */
  #putClusters(clusters: readonly Resource[]): string | undefined {
    const byName = new Map<string, Resource>();
    for (const cluster of [...clusters, ...this.#drains.clusters]) {
      if (!byName.has(cluster.name)) byName.set(cluster.name, cluster);
    }
    return this.#put(clustersFile, [...byName.values()]);
  }

  /** The new version, or `undefined` where nothing changed. */
  #put(file: string, resources: readonly Resource[]): string | undefined {
    const { version, text } = discoveryFile(resources);
    return this.#options.directory.put(file, text) ? version : undefined;
  }

  /** Files with one resource each. */
  #singles({ routes, secrets }: EnvoyResources): (readonly [string, Resource])[] {
    return [
      ...secrets.map((secret) => [secretFile(secret.name), secret] as const),
      ...routes.map(({ file, resource }) => [file, resource] as const),
    ];
  }

  /** Secrets stay until the clusters that name them have gone; what is left then is removed with the directory. */
  #removeUnused(next: EnvoyResources): void {
    const used = new Set([clustersFile, listenersFile, ...this.#singles(next).map(([name]) => name)]);
    const { directory } = this.#options;
    for (const name of directory.names) {
      if (!used.has(name) && name.startsWith("rds-")) directory.remove(name);
    }
  }
}
