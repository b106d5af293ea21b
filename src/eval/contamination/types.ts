/** What a look for a benchmark's questions in training data finds. */
import type { SizedEstimate } from "../metrics.js";

/** A row of training data that holds a part of a question. */
export interface OverlappingRow {
  file: string;
  /** 1-based. */
  line: number;
  /** Share of the question's own words that the row holds in runs of at least one n-gram. */
  share: number;
  /** The row's text where the overlap begins. */
  excerpt: string;
}

/** A question of which training data holds at least {@link ContaminationRules.suspicious}. */
export interface FoundQuestion {
  /** Its place among the task's documents, as `doc_id` of samples. */
  docId: number;
  verdict: "dirty" | "suspicious";
  /** Largest share that one row holds. */
  share: number;
  /** The beginning of the question. */
  excerpt: string;
  /** The rows that hold most, at most three. */
  rows: OverlappingRow[];
  /** How many rows hold enough to be suspicious. */
  rowCount: number;
}

/** One metric over the questions that are clean, and over those that are dirty. */
export interface SplitScore {
  /** Metric with filter, such as `acc,none`. */
  metric: string;
  clean: SizedEstimate | null;
  suspicious: SizedEstimate | null;
  dirty: SizedEstimate | null;
}

export interface TaskContamination {
  task: string;
  questions: number;
  clean: number;
  suspicious: number;
  dirty: number;
  /** Questions that are too short, or too much like many others, to be told from chance. */
  untold: number;
  /** Those that are dirty or suspicious, the worst first. */
  found: FoundQuestion[];
  /** Where samples were at hand: of questions that were asked. */
  scores: SplitScore[];
}

/** The rules that were followed, for reports. */
export interface ContaminationRules {
  /** Words of an n-gram, and of one in a question that is shorter. */
  words: number;
  fewWords: number;
  /** The same for text without spaces between words: characters. */
  characters: number;
  fewCharacters: number;
  /** Share from which a question is dirty, and from which it is suspicious. */
  dirty: number;
  suspicious: number;
  /** n-grams that more questions of a task share say nothing. */
  commonQuestions: number;
}

export interface TrainingFile {
  file: string;
  rows: number;
  bytes: number;
  /** Rows that could not be read, and so were not compared. */
  unreadable: number;
}

export interface Contamination {
  files: TrainingFile[];
  rules: ContaminationRules;
  tasks: TaskContamination[];
  /** What the reader must know, in sentences. */
  notes: string[];
}
