/** Findings about the rows of a run, besides the list of rows that cannot be trained on. */
import type { DeviceConfig } from "../../train/index.js";
import { countRows } from "../../util/countRows.js";
import type { DataReport, Finding } from "./report.js";

export function checkRows(data: DataReport, config: DeviceConfig): Finding[] {
  const findings: Finding[] = [];
  const { role, rows, bad_rows: bad, dropped_rows: dropped, most_sequences: most } = data;
  if (bad > 0 && bad + dropped < rows && config.on_error === "skip") {
    findings.push({
      what: `${countRows(bad)} of the ${role} data will be left out (on_error skip)`,
      why: "they cannot be trained on; the run lists them",
      blocking: false,
    });
  }
  if (bad + dropped === rows) {
    findings.push({
      what: `no usable row is left in the ${role} data`,
      why: `${bad} cannot be trained on, ${dropped} are too long`,
      todo: "see the reasons given for the rows; raise max_seq_length or choose another over_length",
      blocking: true,
    });
  }
  for (const line of data.left_out) {
    findings.push({ what: `${role} data: ${line}`, blocking: false });
  }
  for (const [name, number] of Object.entries(data.placeholders)) {
    findings.push({
      what: `${countRows(number)} in the ${role} data contain {{${name}}}`,
      why: "the model would learn to write it literally",
      todo: `set placeholders {"${name}": "…"}, or use data convert --set ${name}=…`,
      blocking: false,
    });
  }
  if (most > 1 && !config.packing && role === "train") {
    findings.push({
      what: `a single row becomes up to ${most} sequences, all in the same micro-batch`,
      why: "without packing, per_device_train_batch_size counts rows",
      todo: "set packing true, which fills micro-batches by number of tokens",
      blocking: false,
    });
  }
  return findings;
}
