import { createHash } from "node:crypto";
import type { GatewayModel } from "../../../model/gateway.ts";

export interface CommandLineOptions {
  readonly binary: string;
  readonly bootstrapFile: string;
  readonly adminAddressFile: string;
  readonly runId: string;
}

/** How Envoy is started. What stands behind `--` it passes over; by that its process is found again. */
export function envoyCommand({ gateway, process }: GatewayModel, options: CommandLineOptions): string[] {
  const cluster = `${gateway.namespace}/${gateway.name}`;
  const { default: level = "warn" } = process.logLevels;
  return [
    options.binary,
    ...["--service-cluster", cluster],
    ...["--service-node", nodeOf(cluster)],
    ...["--config-path", options.bootstrapFile],
    ...["--log-level", level],
    ...["--component-log-level", "misc:error"],
    "--cpuset-threads",
    ...["--drain-strategy", "immediate"],
    ...["--drain-time-s", String(Math.ceil(process.drainTimeoutMs / 1000))],
    // Two Envoys on one machine would otherwise meet in shared memory.
    "--disable-hot-restart",
    // Without it a field that this Envoy does not know is passed over, and with it perhaps a route.
    "--reject-unknown-dynamic-fields",
    ...["--file-flush-interval-msec", "1000"],
    ...["--admin-address-path", options.adminAddressFile],
    ...["--", "--run-id", options.runId],
  ];
}

function nodeOf(cluster: string): string {
  const hash = createHash("sha256").update(cluster).digest("hex").slice(0, 8);
  return `${cluster.replaceAll("/", "-")}-${hash}`;
}
