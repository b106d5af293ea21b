/** What a run has told besides its figures, as the page lists it. */
import type { EventRow, SpikeEvent } from "../../train/events/index.js";
import type { GeneratedDialogue, GeneratedSample, Notice } from "../schema.js";

/** The notice of an event; nothing for one that only has figures. */
export function noticeOf(row: EventRow): Notice | undefined {
  const told = tell(row);
  if (!told) return undefined;
  const { step, time, attempt } = row;
  const hasRows = (row.type === "spike" || row.type === "non_finite") && row.rows.length > 0;
  return { ...told, step, time, attempt, has_rows: hasRows };
}

function tell(row: EventRow): Pick<Notice, "kind" | "text"> | undefined {
  switch (row.type) {
    case "warning":
      return { kind: "warning", text: row.message };
    case "spike":
      return { kind: "spike", text: spikeText(row) };
    case "non_finite":
      return {
        kind: "non_finite",
        text:
          `The loss is ${row.loss} and the gradient norm ${row.grad_norm}: it comes up in ${row.layer}. ` +
          `${{ stop: "The run stops", skip: "The step is skipped", rollback: "The run goes back to its last checkpoint" }[row.action]}.`,
      };
    case "resume":
      return {
        kind: "resume",
        text: `Goes on from step ${row.step}${row.rows_cut > 0 ? `; ${count(row.rows_cut, "later event")} moved aside` : ""}.`,
      };
    case "checkpoint":
      return {
        kind: "checkpoint",
        text: `Checkpoint saved${row.best ? ", the best so far" : ""} in ${row.seconds.toFixed(1)} s.`,
      };
    case "evaluation":
      return {
        kind: "evaluation",
        text: `Evaluation loss ${Number(row.eval_loss).toFixed(4)} on ${count(row.samples, "conversation")}.`,
      };
    case "end":
      return row.reason === "failed"
        ? { kind: "error", text: `Failed after step ${row.step}.` }
        : { kind: "end", text: endText(row.reason, row.step) };
    default:
      return undefined;
  }
}

function endText(reason: "done" | "stopped", step: number): string {
  return reason === "done" ? `Done after step ${step}.` : `Stopped; step ${step} was saved.`;
}

function spikeText({ metric, value, expected }: SpikeEvent): string {
  const name = metric === "loss" ? "Loss" : "Gradient norm";
  return `${name} ${Number(value).toPrecision(4)} instead of about ${Number(expected).toPrecision(4)}.`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** The sample of an event, where it is one. */
export function sampleOf(row: EventRow): GeneratedSample | undefined {
  if (row.type !== "sample") return undefined;
  const { step, prompt, text, finish_reason } = row;
  return { step, prompt, text, finish_reason };
}

/** The answers to the fixed dialogue, where an event has them. */
export function dialogueOf(row: EventRow): GeneratedDialogue | undefined {
  if (row.type !== "dialogue") return undefined;
  const { type: _, time: _time, attempt: _attempt, seconds: _seconds, ...dialogue } = row;
  return dialogue;
}
