import type { IrUsage } from "../dialects/ir/usage.ts";
import type { IrWarning } from "../dialects/ir/values.ts";
import type { Meter } from "../dialects/passage.ts";
import type { Stage } from "../dialects/stage.ts";

/** What was seen of one attempt's answer. Times are of `performance.now()`, milliseconds. */
export class AnswerMeter implements Meter {
  readonly startedAt: number = performance.now();
  usageSeen: IrUsage = {};
  /** How often usage was reported. */
  reports = 0;
  modelSeen: string | undefined;
  firstTokenAt: number | undefined;
  firstPieceAt: number | undefined;
  lastPieceAt = 0;
  pieces = 0;
  isComplete = false;
  failure: string | undefined;
  /** What did not travel, of the request and of the answer; hardly ever anything. */
  warnings: IrWarning[] | undefined;

  usage(usage: IrUsage): void {
    Object.assign(this.usageSeen, usage);
    this.reports += 1;
  }

  model(name: string): void {
    if (name !== "") this.modelSeen = name;
  }

  firstToken(): void {
    this.firstTokenAt ??= this.lastPieceAt;
  }

  complete(): void {
    this.isComplete = true;
  }

  failed(reason: string): void {
    this.failure ??= reason;
  }

  warn(warning: IrWarning): void {
    this.warnings ??= [];
    this.warnings.push(warning);
  }

  /** The stage with its pieces timed: one clock reading for each network piece. */
  timed<Out>(stage: Stage<Uint8Array, Out>): Stage<Uint8Array, Out> {
    return {
      push: (piece, emit) => {
        this.lastPieceAt = performance.now();
        this.firstPieceAt ??= this.lastPieceAt;
        this.pieces += 1;
        stage.push(piece, emit);
        stage.flush?.(emit);
      },
      end: (emit, isCut) => stage.end(emit, isCut),
    };
  }
}
