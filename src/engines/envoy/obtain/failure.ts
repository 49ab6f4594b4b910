/** Envoy cannot be had. `message` names what was asked, of whom, and what came of it. */
export class ObtainFailure extends Error {
  override readonly name = "ObtainFailure";
  /** Whether the network or a server is to blame, so that another day or another place may do. */
  readonly isOffline: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isOffline?: boolean } = {}) {
    super(message, options);
    this.isOffline = options.isOffline ?? false;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
