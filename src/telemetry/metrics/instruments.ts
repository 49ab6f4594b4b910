/** Something that is counted. */
export interface CounterInstrument {
  /** As OpenTelemetry calls it, and its unit. */
  readonly name: string;
  readonly unit: string;
  /** As Prometheus shows it; of counters without `_total`. */
  readonly family: string;
  readonly help: string;
}

/** A histogram. `bounds` are the buckets' inclusive upper ends, ascending, without infinity. */
export interface Instrument extends CounterInstrument {
  readonly bounds: readonly number[];
}

/** The `gen_ai.*` instruments; names and bounds are those that dashboards for the reference ask for. */
export const instruments = {
  tokens: {
    name: "gen_ai.client.token.usage",
    unit: "token",
    family: "gen_ai_client_token_usage",
    help: "Tokens of one request, by type",
    bounds: [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  },
  duration: {
    name: "gen_ai.server.request.duration",
    unit: "s",
    family: "gen_ai_server_request_duration_seconds",
    help: "Time from sending a request to the backend to the last byte of its answer",
    bounds: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  },
  perOutputToken: {
    name: "gen_ai.server.time_per_output_token",
    unit: "s",
    family: "gen_ai_server_time_per_output_token_seconds",
    help: "Mean time between output tokens after the first, of one stream",
    bounds: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  },
  firstToken: {
    name: "gen_ai.server.time_to_first_token",
    unit: "s",
    family: "gen_ai_server_time_to_first_token_seconds",
    help: "Time from sending a request to the backend to the first token of its stream",
    bounds: [
      0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 45,
      60,
    ],
  },
} as const satisfies { readonly [name: string]: Instrument };

export type InstrumentName = keyof typeof instruments;
