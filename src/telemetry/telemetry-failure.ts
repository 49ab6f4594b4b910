/** Telemetry cannot start as the environment asks; `message` names the variable, what is wrong and what to set. */
export class TelemetryFailure extends Error {
  override readonly name = "TelemetryFailure";
}
