/** What the page reads of `data stats --json`; src/curate/stats/report.ts says what the figures mean. */

export interface LengthReport {
  count: number;
  sum: number;
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  histogram: { from: number; to: number | null; count: number }[];
}

export interface Lengths {
  conversation: LengthReport | null;
  question: LengthReport | null;
  answer: LengthReport | null;
}

export interface Place {
  file: string;
  line: number;
}

export interface Found {
  rows: number;
  places: Place[];
}

export interface PartReport {
  rows_measured: number;
  rows_refused: number;
  refused: (Found & { reason: string })[];
  turns: LengthReport | null;
  characters: Lengths;
  tokens: Lengths | null;
  labelled_tokens: number | null;
  labelled_share: number | null;
  truncation:
    | {
        max_seq_length: number;
        rows_cut: number;
        tokens_lost: number;
        labelled_tokens_lost: number;
        rows_without_label: number;
      }[]
    | null;
  languages: {
    language: string;
    rows: number;
    characters: number;
    tokens: number | null;
    characters_per_token: number | null;
  }[];
  rows_with_system: number;
  rows_with_tools: number;
  placeholders: (Found & { text: string })[];
  special_tokens: (Found & { text: string })[];
}

export interface StatsReport {
  rows: number;
  bytes: number;
  tokenizer: { name: string; template: string } | null;
  sample: { exact: boolean; rows: number };
  tokens_per_epoch: number | null;
  total: PartReport;
  duplicates: {
    exact_share: number;
    first_prompt_share: number;
    near_share: number;
    near_largest_group: number;
    near_example: Place[];
  };
  first_prompts: (Place & { rows: number; text: string })[];
}
