import { createServer } from "node:net";
import type { GatewayModel } from "../../model/gateway.ts";
import { explainListen, ListenFailure } from "../engine.ts";

/**
 * Tries every listener's address that is not in use by ourselves. Envoy would share a port with another Envoy without
 * a word, and says little about one it cannot have. Throws `ListenFailure`.
 */
export async function checkPorts(model: GatewayModel, own: ReadonlySet<number> = new Set()): Promise<void> {
  for (const listener of model.listeners) {
    if (listener.port === 0 || own.has(listener.port)) continue;
    try {
      await tryListen(listener.address, listener.port);
    } catch (error) {
      throw new ListenFailure(explainListen(model, listener, error), { cause: error });
    }
  }
}

function tryListen(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
