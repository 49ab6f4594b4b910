import type { CelEnv, CelError, CelResult } from "@bufbuild/cel";

export type CelLibrary = typeof import("@bufbuild/cel");
export type CelExpr = NonNullable<ReturnType<CelLibrary["parse"]>["expr"]>;

/** First names of all that an expression refers to; names that a macro binds among them do no harm. */
export function rootNames(expr: CelExpr): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (part: CelExpr) => {
    if (part.exprKind.case === "identExpr") names.add(part.exprKind.value.name);
    for (const child of childrenOf(part)) visit(child);
    if (part.exprKind.case === "comprehensionExpr") {
      const { loopStep, loopCondition, result } = part.exprKind.value;
      for (const child of [loopStep, loopCondition, result]) if (child !== undefined) visit(child);
    }
  };
  visit(expr);
  return names;
}

/**
 * Looks for mistakes that no value can mend: unknown names, and functions or operators on the wrong types.
 *
 * The library checks types only while it evaluates, and so sees nothing of a branch that is not taken. Here every part
 * is evaluated for itself, with values of the right types. The bodies of macros are left out: their variables have no
 * value outside.
 */
export class TypeFinder {
  readonly #cel: CelLibrary;
  readonly #evaluate: (part: CelExpr) => CelResult;

  constructor(cel: CelLibrary, env: CelEnv, trial: Parameters<ReturnType<CelLibrary["plan"]>>[0]) {
    this.#cel = cel;
    this.#evaluate = (part) => cel.plan(env, part)(trial);
  }

  /** What is wrong, or `undefined`. */
  problem(expr: CelExpr): string | undefined {
    const result = this.#evaluate(expr);
    const own = this.#cel.isCelError(result) ? typeProblem(result) : undefined;
    if (own === "unresolved attribute") return this.#unknownName(expr);
    return own ?? this.#problemOfParts(expr);
  }

  #problemOfParts(expr: CelExpr): string | undefined {
    const children = childrenOf(expr);
    for (const child of children) {
      const problem = this.problem(child);
      if (problem !== undefined) return problem;
    }
    if (expr.exprKind.case !== "callExpr" || expr.exprKind.value.function !== "_?_:_") return undefined;
    const [, yes, no] = children.map(this.#evaluate).map((result) => this.#typeOf(result));
    if (yes === undefined || no === undefined || yes === no) return undefined;
    return `both sides of ? : must have the same type, not ${yes} and ${no}`;
  }

  #unknownName(expr: CelExpr): string {
    for (const child of childrenOf(expr)) {
      const problem = this.problem(child);
      if (problem !== undefined) return problem;
    }
    const { exprKind } = expr;
    if (exprKind.case === "identExpr") return `unknown variable "${exprKind.value.name}"`;
    return "unknown variable";
  }

  #typeOf(result: CelResult): string | undefined {
    return this.#cel.isCelError(result) ? undefined : String(this.#cel.celType(result));
  }
}

function typeProblem({ message }: CelError): string | undefined {
  if (!/^(?:found no matching overload|unbound function|unresolved attribute)/.test(message))
    return undefined;
  const isMixed = /\((?:uint, int|int, uint)\)/.test(message);
  return isMixed ? `${message}; int and uint do not mix: write 3u or uint(x)` : message;
}

function childrenOf({ exprKind }: CelExpr): readonly CelExpr[] {
  switch (exprKind.case) {
    case "callExpr":
      return [exprKind.value.target, ...exprKind.value.args].filter((part) => part !== undefined);
    case "selectExpr":
      return exprKind.value.operand === undefined ? [] : [exprKind.value.operand];
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [
        ...(keyKind.case === "mapKey" ? [keyKind.value] : []),
        ...(value === undefined ? [] : [value]),
      ]);
    case "comprehensionExpr":
      return exprKind.value.iterRange === undefined ? [] : [exprKind.value.iterRange];
    default:
      return [];
  }
}
