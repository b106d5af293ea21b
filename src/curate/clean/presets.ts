/** Pipelines that are good as they are. The figures behind the limits are in docs/cleaning.md. */

export interface CleanPreset {
  readonly summary: string;
  /** Operators in their order, with the options that differ from the defaults. */
  readonly steps: readonly PresetStep[];
}

export type PresetStep = readonly [operator: string, options: Readonly<Record<string, unknown>>];

const plain = (...operators: string[]): PresetStep[] => operators.map((name) => [name, {}]);

const repairs = plain(
  "fix_mojibake",
  "remove_invisible_characters",
  "normalize_unicode",
  "normalize_whitespace",
  "remove_template_markers",
);
const privacy = plain(
  "replace_secrets",
  "replace_email",
  "replace_id_card",
  "replace_bank_card",
  "replace_phone",
  "replace_ip",
);
const shape = plain(
  "drop_empty_turns",
  "fix_role_order",
  "filter_one_sided",
  "drop_duplicate_turns",
  "filter_turn_count",
  "filter_message_length",
  "filter_echoed_answers",
  "cut_truncated_answers",
  "filter_degenerate_repetition",
  "filter_placeholders",
);

export const cleanPresets: Readonly<Record<string, CleanPreset>> = {
  chat: {
    summary: "conversations, mainly Chinese: repairs what can be repaired, removes broken rows",
    steps: [...repairs, ...privacy, ...shape, ["filter_mojibake", {}]],
  },
  "chat-strict": {
    summary:
      "chat, and also removes refusals, answers that name other models, and texts with unusual characters",
    steps: [
      ...repairs,
      ...privacy,
      ...shape,
      ["filter_mojibake", {}],
      ...plain("filter_special_characters", "filter_character_repetition"),
      ...plain("filter_refusals", "filter_self_identification"),
    ],
  },
  web: {
    summary:
      "plain text from web pages: removes markup and boilerplate, then filters by quality and repetition",
    steps: [
      ...repairs.slice(0, 4),
      ...plain("remove_html", "remove_boilerplate_lines"),
      ...privacy,
      ...plain("filter_mojibake", "filter_length", "filter_special_characters"),
      ...plain("filter_gopher_repetition", "filter_fineweb"),
    ],
  },
};
