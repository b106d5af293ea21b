// From what both sides answered to figures, and figures to text.

const number = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const choiceOf = (logprobs) => logprobs.indexOf(Math.max(...logprobs));

function agreement(own, other) {
  if (typeof own[0] === "string") {
    return { same: own.filter((text, i) => text === other[i]).length, difference: null };
  }
  return {
    same: own.filter((logprobs, i) => choiceOf(logprobs) === choiceOf(other[i])).length,
    difference: own
      .flatMap((logprobs, i) => logprobs.map((value, at) => Math.abs(value - other[i][at])))
      .reduce((most, value) => Math.max(most, value), 0),
  };
}

/** Of one task. @param own, others results of all rounds */
export function compare(task, own, others) {
  const [{ answers, scores }] = own;
  const [{ answers: peerAnswers, scores: peerScores }] = others;
  const seconds = median(own.map((one) => one.seconds));
  const peerSeconds = median(others.map((one) => one.seconds));
  const metrics = Object.keys(peerScores).filter((key) => !key.includes("_stderr"));
  return {
    task,
    isGeneration: typeof answers[0] === "string",
    questions: answers.length,
    seconds,
    peerSeconds,
    ratio: median(own.map((one, round) => others[round].seconds / one.seconds)),
    ...agreement(answers, peerAnswers),
    scores: metrics.map((metric) => [metric, scores[metric], peerScores[metric]]),
  };
}

/** One task as lines. */
export function table(result) {
  const { task, questions, seconds, peerSeconds, ratio, same, difference, scores } = result;
  const speed = (time) => number(questions / time, 2);
  const far = difference === null ? "" : `, log-likelihoods within ${difference.toExponential(1)}`;
  const lines = [
    `${task}: ${questions} questions`,
    `  questions/s     Tunewright ${speed(seconds)}, harness ${speed(peerSeconds)}: ${number(ratio, 2)}x`,
    `  same answers    ${same} of ${questions}${far}`,
    ...scores.map(([metric, own, other]) => {
      const verdict = Math.abs(own - other) < 1e-12 ? "equal" : `harness ${number(other, 4)}`;
      return `  ${metric.padEnd(15)} ${number(own, 4)}, ${verdict}`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}

/** All tasks of each kind together. */
export function totals(results, { dtype, threads, batch }) {
  const sum = (list, field) => list.reduce((total, one) => total + one[field], 0);
  const kinds = [
    ["multiple choice", results.filter(({ isGeneration }) => !isGeneration)],
    ["generation", results.filter(({ isGeneration }) => isGeneration)],
  ];
  const lines = kinds
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => {
      const [questions, same] = [sum(list, "questions"), sum(list, "same")];
      const own = questions / sum(list, "seconds");
      const other = questions / sum(list, "peerSeconds");
      return `${name}: ${number(own, 2)} against ${number(other, 2)} questions/s, ${number(own / other, 2)}x; ${number((100 * same) / questions, 1)} % the same answers`;
    });
  return `\n${dtype}, ${threads} threads, harness batch ${batch}\n${lines.join("\n")}\n`;
}
