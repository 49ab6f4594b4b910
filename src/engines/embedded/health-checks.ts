import { connect } from "node:net";
import type { ActiveHealth } from "../../model/traffic.ts";
import type { Host } from "../../policy/upstream/host.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { UpstreamEndpoint } from "./upstream.ts";

type Check = ActiveHealth["check"];

/** Asks the endpoints of one rule how they are, for as long as it is not stopped. */
export class HealthChecks {
  readonly #stop = new AbortController();

  constructor(hosts: readonly Host<UpstreamEndpoint>[], policy: ActiveHealth, runtime: Runtime) {
    for (const host of hosts) void this.#watch(host, policy, runtime);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** The first answer decides; later it takes several of another kind in a row. */
  async #watch(host: Host<UpstreamEndpoint>, policy: ActiveHealth, runtime: Runtime): Promise<void> {
    const { signal } = this.#stop;
    let isKnown = false;
    let inRow = 0;
    await sleep(Math.random() * policy.initialJitterMs, signal);
    while (!signal.aborted) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(policy.timeoutMs)]);
      const isFine = await isWell(host.endpoint, policy.check, runtime, deadline);
      if (signal.aborted) return;
      inRow = isFine === host.isFailing ? inRow + 1 : 0;
      if (!isKnown || inRow >= (isFine ? policy.healthy : policy.unhealthy)) host.isFailing = !isFine;
      isKnown = true;
      await sleep(policy.intervalMs, signal);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

function isWell(
  endpoint: UpstreamEndpoint,
  check: Check,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<boolean> {
  const asked =
    check.type === "http" ? askHttp(endpoint, check, runtime, signal) : askTcp(endpoint, check, signal);
  return asked.catch(() => false);
}

async function askHttp(
  endpoint: UpstreamEndpoint,
  { path, method, host, statuses, text }: Extract<Check, { type: "http" }>,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<boolean> {
  const name = host ?? endpoint.hostHeader;
  const response = await runtime.fetch(endpoint.origin + path, {
    method,
    headers: { "user-agent": "aigw-health-check", ...(name === undefined ? {} : { host: name }) },
    body: undefined,
    signal,
    unix: endpoint.unix,
    tls: endpoint.tls,
  });
  const body = text === undefined ? undefined : await response.text();
  if (body === undefined) await response.body?.cancel();
  return statuses.includes(response.status) && (text === undefined || body?.includes(text) === true);
}

/** A connection that is taken is enough, unless something is to be heard on it. gRPC is asked no more than that. */
function askTcp(endpoint: UpstreamEndpoint, check: Check, signal: AbortSignal): Promise<boolean> {
  const { send, receive } = check.type === "tcp" ? check : {};
  const { hostname, port, protocol } = new URL(endpoint.origin);
  const place =
    endpoint.unix === undefined
      ? { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (protocol === "https:" ? 443 : 80)) }
      : { path: endpoint.unix };
  return new Promise((resolve) => {
    const socket = connect(place);
    let heard = "";
    const finish = (isFine: boolean) => {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(isFine);
    };
    const giveUp = () => finish(false);
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", giveUp);
    socket.on("close", giveUp);
    socket.on("connect", () => {
      if (send !== undefined) socket.write(Buffer.from(send, "latin1"));
      if (receive === undefined) finish(true);
    });
    socket.on("data", (piece) => {
      heard += piece.toString("latin1");
      if (receive !== undefined && heard.includes(receive)) finish(true);
    });
  });
}
