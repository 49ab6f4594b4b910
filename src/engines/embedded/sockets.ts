import type { GatewayModel } from "../../model/gateway.ts";
import type { Listener } from "../../model/listener.ts";
import type { Secrets } from "../../model/values.ts";
import type { HttpServer } from "../../runtime/runtime.ts";
import { type BoundListener, explainListen, ListenFailure, listenerName } from "../engine.ts";

interface Socket {
  readonly name: string;
  readonly server: HttpServer;
  /** Of the listener, with its certificates. */
  readonly print: string;
}

export interface SocketWays {
  open(listener: Listener, secrets: Secrets): HttpServer;
  /** The certificates of an open one have changed. */
  change(server: HttpServer, listener: Listener, secrets: Secrets): void;
}

/** The sockets of an engine. What two models have in common stays open between them. */
export class Sockets {
  readonly #ways: SocketWays;
  /** By address and port as the model names them; 0 is a port like others. */
  #sockets = new Map<string, Socket>();
  /** No longer in any model; their last requests are still being answered. */
  readonly #leaving = new Set<HttpServer>();

  constructor(ways: SocketWays) {
    this.#ways = ways;
  }

  get bound(): readonly BoundListener[] {
    return [...this.#sockets.values()].map(({ name, server }) => ({ name, port: server.port }));
  }

  /**
   * Opens what the model names and is not open. Throws `ListenFailure`, and all is as before; else the returned
   * function closes what the model does not name, once nobody is to be led there any more.
   */
  follow(model: GatewayModel, secrets: Secrets): () => void {
    const next = new Map<string, Socket>();
    const opened: HttpServer[] = [];
    for (const listener of model.listeners) {
      const isSecure = listener.chains.some(({ tls }) => tls !== undefined);
      const key = `${listener.address}:${listener.port}${isSecure ? " with TLS" : ""}`;
      const known = this.#sockets.get(key);
      try {
        const server = known?.server ?? this.#ways.open(listener, secrets);
        if (known === undefined) opened.push(server);
        else if (isSecure && known.print !== listener.print) this.#ways.change(server, listener, secrets);
        next.set(key, { name: listenerName(listener), server, print: listener.print });
      } catch (error) {
        for (const server of opened) void server.kill();
        throw new ListenFailure(explainListen(model, listener, error));
      }
    }
    const gone = [...this.#sockets].filter(([key]) => !next.has(key));
    this.#sockets = next;
    return () => {
      for (const [, { server }] of gone) this.#leave(server);
    };
  }

  /** No new connections; resolves when the open requests are done. */
  async drain(): Promise<void> {
    await Promise.all([...this.#all()].map((server) => server.stop()));
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#all()].map((server) => server.kill()));
    this.#sockets.clear();
    this.#leaving.clear();
  }

  #leave(server: HttpServer): void {
    this.#leaving.add(server);
    void server.stop().finally(() => this.#leaving.delete(server));
  }

  *#all(): Iterable<HttpServer> {
    for (const { server } of this.#sockets.values()) yield server;
    yield* this.#leaving;
  }
}
