// Prints the two sides of one mode beside each other.

const number = (value, digits = 0) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const gigabytes = (bytes) => number(bytes / 1e9, 2);

function line(name, ours, peer, ratio = "") {
  return `  ${name.padEnd(26)}${String(ours).padStart(13)}${String(peer).padStart(13)}${ratio.padStart(11)}`;
}

/** Ratios of one mode: above 1 is better for Tunewright. */
export function ratios(ours, peer) {
  return {
    speed: ours.tokensPerSecond / peer.tokensPerSecond,
    memory: peer.peakBytes / ours.peakBytes,
  };
}

/** The table of one mode as text. */
export function table(mode, ours, peer) {
  const { speed, memory } = ratios(ours, peer);
  const lines = [
    line(mode === "lora" ? "LoRA" : "QLoRA", "Tunewright", "TRL + PEFT", "ratio"),
    line("tokens", number(ours.tokens), number(peer.tokens)),
    line("labelled tokens", number(ours.labelledTokens), number(peer.labelledTokens)),
    line("seconds", number(ours.seconds, 1), number(peer.seconds, 1)),
    line(
      "tokens/s",
      number(ours.tokensPerSecond, 1),
      number(peer.tokensPerSecond, 1),
      `${number(speed, 2)}x`,
    ),
    line(
      "peak memory, GB",
      gigabytes(ours.peakBytes),
      gigabytes(peer.peakBytes),
      `${number(memory, 2)}x`,
    ),
  ];
  for (const [index, step] of ours.steps.entries()) {
    const other = peer.steps[index];
    const seconds = [step.seconds, other?.seconds].map((s) =>
      s === undefined ? "" : `${number(s, 1)} s`,
    );
    lines.push(line(`step ${step.step}: time`, ...seconds));
    const losses = [step.loss, other?.loss].map((x) => (x === undefined ? "" : x.toFixed(4)));
    const gap = other ? (step.loss - other.loss).toFixed(4) : "";
    lines.push(line(`step ${step.step}: loss`, ...losses, gap));
  }
  if (ours.tokens !== peer.tokens)
    lines.push("  NOT COMPARABLE: the two sides saw different tokens.");
  if (peer.rowsDiffering) {
    lines.push(
      `  ${peer.rowsDiffering} rows would be tokenised or labelled otherwise by transformers.`,
    );
  }
  return lines.join("\n");
}
