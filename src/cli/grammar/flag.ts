interface FlagFacts {
  /** A sentence without its full stop, for help and completion. */
  readonly description: string;
  /** Environment variable that stands in for an absent flag. */
  readonly variable?: string;
}

export interface SwitchFlag extends FlagFacts {
  readonly type: "switch";
}

export interface TextFlag extends FlagFacts {
  readonly type: "text";
  readonly completes?: "file" | "directory";
}

/** May be given several times; each adds a text. */
export interface ListFlag extends FlagFacts {
  readonly type: "list";
}

export interface IntegerFlag extends FlagFacts {
  readonly type: "integer";
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface ChoiceFlag extends FlagFacts {
  readonly type: "choice";
  readonly choices: readonly string[];
  readonly default: string;
}

export type Flag = SwitchFlag | TextFlag | ListFlag | IntegerFlag | ChoiceFlag;

/** By long name, without the dashes. */
export type Flags = { readonly [name: string]: Flag };

type FlagValue<F extends Flag> = F extends SwitchFlag
  ? boolean
  : F extends IntegerFlag
    ? number
    : F extends ListFlag
      ? readonly string[]
      : F extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string | undefined;

/** What a command gets for its flags: absent and empty texts are `undefined`, all else has a value. */
export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: FlagValue<F[Name]> };

export type AnyFlagValue = string | number | boolean | readonly string[] | undefined;

/** Positional words of a command: at most one kind. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
  /** Absent: files are completed. */
  readonly choices?: readonly string[];
}
