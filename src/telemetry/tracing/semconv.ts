/** The vocabularies that `AI_GATEWAY_TRACING_SEMCONV` may ask for. */
export const semconvs = ["openinference", "gen_ai"] as const;

export type Semconv = (typeof semconvs)[number];
