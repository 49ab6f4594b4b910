/** A real Envoy with both ext_proc filters, configured by hand as a cluster's control plane would. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath as envoyOfTests } from "../support/envoy.ts";

/** Where an Envoy is; empty if this machine has none. */
export const envoyPath = envoyOfTests ?? "";

/** Requests with this model go to these endpoints, by priority. */
export interface TestRoute {
  readonly model: string;
  readonly endpoints: readonly TestEndpoint[];
  readonly retries?: number;
  readonly routeName?: string;
  readonly timeout?: string;
}

export interface TestEndpoint {
  readonly port: number;
  readonly backend: string;
  readonly priority?: number;
}

export interface TestEnvoyOptions {
  /** `host:port` or the path of a socket. */
  readonly processor: string;
  readonly routes: readonly TestRoute[];
  /** As aigw's own Envoy is configured, beyond what a control plane for the reference does. */
  readonly isOurs?: boolean;
  readonly bufferBytes?: number;
}

export interface TestEnvoy extends AsyncDisposable {
  readonly url: string;
  readonly adminUrl: string;
  /** What the access log has said so far, an object for each request. */
  accessLog(): readonly { readonly [name: string]: unknown }[];
}

const extProc = "envoy.filters.http.ext_proc";
const typed = (name: string, fields: object = {}) => ({
  "@type": `type.googleapis.com/envoy.extensions.${name}`,
  ...fields,
});
const ai = "aigateway.envoy.io";
const namespace = "io.envoy.ai_gateway";
const bufferBytes = 52_428_800;

/** Starts Envoy and resolves when it listens. */
export async function startEnvoy(options: TestEnvoyOptions): Promise<TestEnvoy> {
  const home = mkdtempSync(join(tmpdir(), "aigw-envoy-"));
  const config = join(home, "envoy.json");
  const adminFile = join(home, "admin");
  const logFile = join(home, "access.log");
  writeFileSync(config, JSON.stringify(bootstrap(options, logFile)));
  const child = Bun.spawn(
    [
      envoyPath,
      "-c",
      config,
      "--disable-hot-restart",
      "--admin-address-path",
      adminFile,
      "-l",
      "warning",
      "--concurrency",
      "1",
      // Otherwise lines of the access log come ten seconds late.
      "--file-flush-interval-msec",
      "50",
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const stderr = new Response(child.stderr).text();
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const adminUrl = `http://${await waitFor(() => readFileSync(adminFile, "utf8"), child)}`;
    const port = await waitFor(() => listenerPort(adminUrl), child);
    return {
      url: `http://127.0.0.1:${port}`,
      adminUrl,
      accessLog: () => readLines(logFile).map((line) => JSON.parse(line) as { [name: string]: unknown }),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    child.kill("SIGKILL");
    const words = await stderr;
    await stop();
    throw new Error(`Envoy does not start: ${String(error)}\n${words.slice(-3000)}`);
  }
}

function readLines(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

async function listenerPort(adminUrl: string): Promise<string> {
  const ready = await fetch(`${adminUrl}/ready`);
  if (ready.status !== 200) throw new Error(await ready.text());
  const answer = await fetch(`${adminUrl}/listeners?format=json`);
  const { listener_statuses: found } = (await answer.json()) as {
    listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
  };
  return String(found[0]?.local_address.socket_address.port_value ?? "");
}

async function waitFor(read: () => string | Promise<string>, child: Bun.Subprocess): Promise<string> {
  let last: unknown;
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await Bun.sleep(20)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      const value = await read();
      if (value !== "") return value;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not ready in time: ${String(last)}`);
}

function bootstrap(options: TestEnvoyOptions, logFile: string): object {
  return {
    admin: { address: socket("127.0.0.1", 0) },
    static_resources: {
      listeners: [listener(options, logFile)],
      clusters: [
        processorCluster(options.processor),
        ...options.routes.map((route) => backendCluster(route, options)),
      ],
    },
  };
}

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function listener(options: TestEnvoyOptions, logFile: string): object {
  const { routes, isOurs = false } = options;
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "http",
    stream_idle_timeout: "0s",
    access_log: [accessLog(logFile)],
    route_config: {
      virtual_hosts: [{ name: "all", domains: ["*"], routes: [...routes.map(routeOf), entry] }],
    },
    http_filters: [
      {
        name: `${extProc}/aigateway`,
        typed_config: typed("filters.http.ext_proc.v3.ExternalProcessor", {
          grpc_service: {
            envoy_grpc: { cluster_name: "processor" },
            ...(isOurs
              ? { initial_metadata: [{ key: "x-ai-eg-max-body-bytes", value: String(10_000_000) }] }
              : {}),
          },
          processing_mode: {
            request_header_mode: "SEND",
            request_body_mode: "BUFFERED",
            request_trailer_mode: "SKIP",
            response_header_mode: "SEND",
            response_body_mode: "BUFFERED",
            response_trailer_mode: "SKIP",
          },
          message_timeout: "10s",
          allow_mode_override: true,
          metadata_options: { receiving_namespaces: { untyped: [namespace] } },
          ...(isOurs ? { response_attributes: ["response.code_details"] } : {}),
        }),
      },
      {
        name: "envoy.filters.http.router",
        typed_config: typed("filters.http.router.v3.Router", { suppress_envoy_headers: true }),
      },
    ],
  });
  return {
    name: "listener",
    address: socket("127.0.0.1", 0),
    per_connection_buffer_limit_bytes: options.bufferBytes ?? bufferBytes,
    filter_chains: [
      { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
    ],
  };
}

/** What takes requests before their model is known. */
const entry = {
  name: "entry",
  match: { prefix: "/" },
  direct_response: { status: 404, body: { inline_string: "No matching route found." } },
};

function routeOf({ model, retries = 0, routeName = "", timeout = "20s" }: TestRoute): object {
  return {
    name: model,
    match: { prefix: "/", headers: [{ name: "x-ai-eg-model", string_match: { exact: model } }] },
    metadata: { filter_metadata: { [ai]: { aigw_route_name: routeName } } },
    route: {
      cluster: model,
      timeout,
      retry_policy: {
        retry_on: "5xx,gateway-error,reset,connect-failure",
        num_retries: retries,
        retry_back_off: { base_interval: "0.001s", max_interval: "0.002s" },
        retry_priority: {
          name: "envoy.retry_priorities.previous_priorities",
          typed_config: typed("retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", {
            update_frequency: 1,
          }),
        },
      },
    },
  };
}

function accessLog(path: string): object {
  const ofMetadata = (key: string) => `%DYNAMIC_METADATA(${namespace}:${key})%`;
  const keys = [
    "backend_name",
    "route_name",
    "response_model",
    "model_name_override",
    "tokens",
    "session.id",
  ];
  return {
    name: "envoy.access_loggers.file",
    typed_config: typed("access_loggers.file.v3.FileAccessLog", {
      path,
      log_format: {
        json_format: {
          status: "%RESPONSE_CODE%",
          details: "%RESPONSE_CODE_DETAILS%",
          model: "%REQ(X-AI-EG-MODEL)%",
          ...Object.fromEntries(keys.map((key) => [key, ofMetadata(key)])),
        },
      },
    }),
  };
}

function processorCluster(processor: string): object {
  const [host = "", port = ""] = processor.split(":");
  const address = processor.startsWith("/") ? { pipe: { path: processor } } : socket(host, Number(port));
  return {
    name: "processor",
    type: "STATIC",
    connect_timeout: "5s",
    per_connection_buffer_limit_bytes: bufferBytes,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "upstreams.http.v3.HttpProtocolOptions",
        {
          explicit_http_config: { http2_protocol_options: {} },
        },
      ),
    },
    load_assignment: {
      cluster_name: "processor",
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

function backendCluster(
  { model, endpoints }: TestRoute,
  { bufferBytes: bytes = bufferBytes }: TestEnvoyOptions,
): object {
  const keys = ["upstream_host_metadata", "cluster_metadata"].map(
    (place) => `xds.${place}.filter_metadata['${ai}']['per_route_rule_backend_name']`,
  );
  const upstreamFilters = [
    {
      name: `${extProc}/aigateway`,
      typed_config: typed("filters.http.ext_proc.v3.ExternalProcessor", {
        grpc_service: { envoy_grpc: { cluster_name: "processor" }, timeout: "30s" },
        processing_mode: {
          request_header_mode: "SEND",
          request_body_mode: "NONE",
          response_header_mode: "SKIP",
          response_body_mode: "NONE",
        },
        message_timeout: "10s",
        allow_mode_override: true,
        request_attributes: [
          ...keys,
          `xds.upstream_host_metadata.filter_metadata['${ai}']['upstream_host']`,
          `xds.route_metadata.filter_metadata['${ai}']['aigw_route_name']`,
        ],
        metadata_options: {
          receiving_namespaces: { untyped: [namespace] },
        },
      }),
    },
    {
      name: "envoy.filters.http.header_mutation",
      typed_config: typed("filters.http.header_mutation.v3.HeaderMutation", {
        mutations: {
          request_mutations: [
            {
              append: {
                append_action: "ADD_IF_ABSENT",
                header: { key: "content-length", value: `%DYNAMIC_METADATA(${namespace}:content_length)%` },
              },
            },
          ],
        },
      }),
    },
    {
      name: "envoy.filters.http.upstream_codec",
      typed_config: typed("filters.http.upstream_codec.v3.UpstreamCodec"),
    },
  ];
  return {
    name: model,
    type: "STATIC",
    connect_timeout: "1s",
    per_connection_buffer_limit_bytes: bytes,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "upstreams.http.v3.HttpProtocolOptions",
        {
          explicit_http_config: { http_protocol_options: {} },
          http_filters: upstreamFilters,
        },
      ),
    },
    load_assignment: {
      cluster_name: model,
      endpoints: endpoints.map(({ port, backend, priority = 0 }) => ({
        priority,
        lb_endpoints: [
          {
            endpoint: { address: socket("127.0.0.1", port) },
            metadata: { filter_metadata: { [ai]: { per_route_rule_backend_name: backend } } },
          },
        ],
      })),
    },
  };
}
