import { request } from "node:http";

/** Envoy's admin port could not be asked, or would not do what it was asked. */
export class AdminError extends Error {
  override readonly name = "AdminError";
}

export interface ListenerStatus {
  readonly name: string;
  readonly port: number;
}

const limitMs = 1000;

/** Envoy's admin port. Every question fails with `AdminError` after a second. */
export class EnvoyAdmin {
  readonly address: string;

  /** `address`: `host:port`, as Envoy writes it into its file. */
  constructor(address: string) {
    this.address = address;
  }

  get port(): number {
    return Number(this.address.slice(this.address.lastIndexOf(":") + 1));
  }

  /** `LIVE`, or the word for what it is doing. */
  async state(): Promise<string> {
    return (await this.#ask("GET", "/ready")).body.trim();
  }

  /** Those that take connections. */
  async listeners(): Promise<readonly ListenerStatus[]> {
    const { listener_statuses = [] } = await this.#json<ListenersAnswer>("/listeners?format=json");
    return listener_statuses.map(({ name, local_address }) => ({
      name,
      port: local_address?.socket_address?.port_value ?? 0,
    }));
  }

  /** By name; numbers, and texts such as versions. Names must match the regular expression. */
  async statistics(filter: string): Promise<ReadonlyMap<string, number | string>> {
    const query = `format=json&filter=${encodeURIComponent(filter)}`;
    const { stats = [] } = await this.#json<StatisticsAnswer>(`/stats?${query}`);
    return new Map(stats.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? 0]])));
  }

  /** Requests in flight by cluster; one that has not warmed up yet is not there. */
  async clusters(): Promise<ReadonlyMap<string, number>> {
    const { cluster_statuses = [] } = await this.#json<ClustersAnswer>("/clusters?format=json");
    return new Map(
      cluster_statuses.map(({ name, host_statuses = [] }) => [
        name,
        host_statuses.reduce((sum, { stats = [] }) => sum + activeRequests(stats), 0),
      ]),
    );
  }

  /** Changes something: `/drain_listeners`, `/logging?…`. */
  async post(path: string): Promise<void> {
    const { status, body } = await this.#ask("POST", path);
    if (status !== 200)
      throw new AdminError(`Envoy's admin port answered ${status} to ${path}: ${body.trim()}`);
  }

  async #json<T>(path: string): Promise<T> {
    const { status, body } = await this.#ask("GET", path);
    try {
      if (status === 200) return JSON.parse(body) as T;
    } catch {
      // As for any other answer that is none.
    }
    throw new AdminError(`Envoy's admin port answered ${status} to ${path}`);
  }

  /** `node:http` rather than `fetch`, which would ask a configured proxy for a port of this machine. */
  #ask(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) =>
        reject(new AdminError(`Envoy's admin port at ${this.address} does not answer`, { cause: error }));
      const options = { method, signal: AbortSignal.timeout(limitMs), agent: false } as const;
      const asked = request(`http://${this.address}${path}`, options, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          body += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", failed);
      });
      asked.on("error", failed);
      asked.end();
    });
  }
}

/** As much of the answers as is read. */
interface ListenersAnswer {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address?: { readonly socket_address?: { readonly port_value?: number } };
  }[];
}

interface StatisticsAnswer {
  readonly stats?: readonly { readonly name?: string; readonly value?: number | string }[];
}

interface HostStatistic {
  readonly name?: string;
  readonly value?: string;
}

interface ClustersAnswer {
  readonly cluster_statuses?: readonly {
    readonly name: string;
    readonly host_statuses?: readonly { readonly stats?: readonly HostStatistic[] }[];
  }[];
}

function activeRequests(statistics: readonly HostStatistic[]): number {
  return Number(statistics.find(({ name }) => name === "rq_active")?.value ?? 0);
}
