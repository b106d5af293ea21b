/** A dialogue as it went, for reports. */
import type { Sample } from "../samples.js";
import { type Measure, measures } from "./measure.js";

export interface TranscriptTurn {
  question: string;
  answer: string;
  reference?: string;
  /** `stop`, `length`, or `error` where there is no answer. */
  finishReason: string;
  measures: Partial<Record<Measure, number>>;
}

/** What one model answered. */
export interface Transcript {
  /** Name of the task. */
  task: string;
  turns: TranscriptTurn[];
}

/** The transcript of a task `dialogue:…` from its samples. */
export function transcriptOf(task: string, samples: readonly Sample[]): Transcript {
  const turns = samples.map((sample): TranscriptTurn => {
    const { question, reference } = sample.doc as { question: string; reference?: string };
    const found = Object.keys(measures).filter((name) => typeof sample[name] === "number");
    return {
      question,
      answer: String(sample.filtered_resps[0]),
      ...(reference === undefined ? {} : { reference }),
      finishReason: String(sample.finish_reason),
      measures: Object.fromEntries(found.map((name) => [name, sample[name]])),
    };
  });
  return { task, turns };
}
